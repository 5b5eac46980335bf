import type { Context } from '../../context.ts';
import type { JobWaiter } from '../wait.ts';

/** What the routes of jobs need of the service. */
export type JobContext = Context & { waiter: JobWaiter };
