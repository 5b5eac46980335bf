import type { PageResult } from '../../jobs/progress/settle.ts';

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
      /** The browser's place, which bounds the memory of files: given back once they are stored. */
      held?: Disposable;
    }
  | { deferred: Deferral };
