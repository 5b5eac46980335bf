import type { Egress } from '../../egress/index.ts';
import type { Log } from '../../log.ts';
import type { Hosts } from '../hosts/hosts.ts';
import type { BodyMemoryBudget } from '../limits/body-memory.ts';
import type { Load } from '../limits/load.ts';
import type { PlainPages } from '../limits/plain-pages.ts';
import type { PageReading, ReadingProgress, ReadRequest } from '../reading/page-reading.ts';
import type { Renders } from './renders.ts';

/** Has pages read in other processes. */
export interface PageReader {
  /**
   * Reads a page for an account; its body may be moved away. Throws PageError, and the signal's
   * reason when that aborts.
   */
  read(accountId: string, request: ReadRequest, progress: ReadingProgress): Promise<PageReading>;
}

/** What a visit needs from its thread. */
export interface Surroundings {
  egress: Egress;
  hosts: Hosts;
  load: Load;
  bodies: BodyMemoryBudget;
  readers: PageReader;
  plainPages: PlainPages;
  /** The browser; null where there is none. */
  renders: Renders | null;
  log: Log;
}
