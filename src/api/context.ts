import type { SecretBox } from '../accounts/secrets.ts';
import type { Context } from '../context.ts';
import type { JobWaiter } from '../jobs/read/wait.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { DirectDispatch } from '../webhooks/direct/reservation.ts';
import type { Health } from './health.ts';

/** What the service hands to the API besides its context. */
export interface ApiParts {
  box: SecretBox;
  waiter: JobWaiter;
  health: Health;
  /** The dispatcher of this process; null where it has none. */
  dispatch: DirectDispatch | null;
}

/** What the routes need. */
export type ApiContext = Context &
  ApiParts & {
    metrics: Metrics | null;
    /** The API's document as JSON text. */
    openApi: () => string;
  };
