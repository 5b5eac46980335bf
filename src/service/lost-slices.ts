import type { Context } from '../context.ts';
import { hasLostSlices } from '../database/queue.ts';
import { poll } from './poll.ts';

const INTERVAL_MS = 1000;

/**
 * Has the queue take back slices whose workers have died, until the returned function is called.
 * The queue's own search counts every entry each time: it made up most of the work of an idle
 * service.
 */
export function watchLostSlices({ db, boss, log }: Context): () => void {
  const failed = 'failed to look for lost slices; trying again';
  return poll({ everyMs: INTERVAL_MS, log, failed }, async () => {
    if (await hasLostSlices(db)) await boss.supervise();
  });
}
