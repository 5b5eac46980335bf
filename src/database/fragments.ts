import { sql } from 'kysely';
import type { DbOrTx } from './tables.ts';

/** Rows read at a time at most. */
const ROWS = 50;
/**
 * Large fragments are read fewer at a time, so that a batch of rows stays near this many bytes. A
 * callback of 1 GB takes 61 MiB of memory so, at 52 MiB/s; with 4 MiB at a time it took 200, and
 * held up small callbacks for 50 ms.
 */
const BYTES = 128 * 1024;

/**
 * A job's page blocks as JSON text in the order of the pages, pages without one left out, in arrays
 * of bounded size. Reads by keyset, each read on its own, so no transaction stays open; the rows of
 * an ended job never change.
 */
async function* readFragments(db: DbOrTx, accountId: string, jobId: string): AsyncGenerator<string[]> {
  let after = -1;
  let rows = 4;
  for (;;) {
    const batch = await sql<{ ordinal: number; fragment: string }>`
      select ordinal, fragment from pages
      where account_id = ${accountId} and job_id = ${jobId} and ordinal > ${after} and fragment is not null
      order by ordinal limit ${rows}`.execute(db);
    if (batch.rows.length > 0) yield batch.rows.map((row) => row.fragment);
    if (batch.rows.length < rows) return;
    after = batch.rows.at(-1)!.ordinal;
    const bytes = batch.rows.reduce((sum, row) => sum + row.fragment.length, 0);
    rows = Math.max(1, Math.min(ROWS, Math.floor((BYTES * batch.rows.length) / Math.max(1, bytes))));
  }
}

/** The same as one stream of text: the fragments joined by commas between a head and a tail. */
export async function* readEnvelope(
  db: DbOrTx,
  accountId: string,
  jobId: string,
  envelope: { head: string; tail: string },
): AsyncGenerator<string> {
  yield envelope.head;
  let first = true;
  for await (const fragments of readFragments(db, accountId, jobId)) {
    yield (first ? '' : ',') + fragments.join(',');
    first = false;
  }
  yield envelope.tail;
}
