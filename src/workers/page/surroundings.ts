import type { Egress } from '../../egress/index.ts';
import type { Log } from '../../log.ts';
import type { Hosts } from '../hosts/hosts.ts';
import type { BodyMemoryBudget } from '../limits/body-memory.ts';
import type { Load } from '../limits/load.ts';
import type { ReadingClient } from '../reading/reading-client.ts';
import type { Renders } from './renders.ts';

/** What a visit needs from its thread. */
export interface Surroundings {
  egress: Egress;
  hosts: Hosts;
  load: Load;
  bodies: BodyMemoryBudget;
  readers: ReadingClient;
  /** The browser; null where there is none. */
  renders: Renders | null;
  log: Log;
}
