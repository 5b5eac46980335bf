import type { PageResult } from '../../jobs/progress/settle.ts';

/**
 * A page that is to be visited again in `after` seconds. `retry`: it failed, and that counts as a
 * try.
 */
export interface Deferral {
  ordinal: number;
  host: string;
  after: number;
  retry: boolean;
}

export type PageOutcome =
  | {
      settled: PageResult;
      /** The browser's place, which bounds the memory of files: given back once they are stored. */
      held?: Disposable;
    }
  | { deferred: Deferral };
