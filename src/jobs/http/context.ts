import type { SecretBox } from '../../accounts/secrets.ts';
import type { Context } from '../../context.ts';
import type { JobWaiter } from '../read/wait.ts';

/** What the routes of jobs need of the service. */
export type JobContext = Context & { box: SecretBox; waiter: JobWaiter };
