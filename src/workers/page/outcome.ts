import type { PageResult } from '../../jobs/progress/page-result.ts';

/**
 * A page to visit again in `after` seconds. `retry`: this visit counts as a try, because it failed.
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
      /** What bounds the memory of a large block and of files: given back once they are stored. */
      held?: Disposable;
    }
  | { deferred: Deferral };
