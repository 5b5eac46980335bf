import type { Context } from '../../context.ts';
import { crashPoint } from '../../crash-point.ts';
import { holdSlice, insertSlices, type Lane, type Slice } from '../../database/queue.ts';
import type { HeldSlice } from '../pool/thread.ts';

/**
 * Queues slices of a thread that died for one page again as new ones: it was no fault of theirs, and they have but so many tries. One that
 * has been given to another worker meanwhile stays there.
 */
export async function queueAnew({ boss, db }: Context, lane: Lane, held: HeldSlice[]): Promise<void> {
  for (const slice of held) {
    const [entry] = await boss.findJobs<Slice>(lane, { id: slice.id });
    if (entry === undefined) continue;
    await db.transaction().execute(async (tx) => {
      if (await holdSlice(boss, tx, lane, slice, true))
        await insertSlices(boss, tx, lane, [entry.data], entry.priority);
      crashPoint('slice.anew');
    });
    crashPoint('slice.anewed');
  }
}
