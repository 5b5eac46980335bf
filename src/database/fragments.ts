import { sql } from 'kysely';
import type { DbOrTx } from './tables.ts';

/** The most rows read at a time. */
const ROWS = 50;
/**
 * A read ends when its fragments come to this many bytes: pages may have 12 MiB each. A callback of
 * 1 GB then takes 61 MiB of memory, at 52 MiB/s; with 4 MiB at a time it took 200, and held up
 * small callbacks for 50 ms.
 */
const BYTES = 128 * 1024;

/** Names a job. */
export interface JobKey {
  account_id: string;
  id: string;
}

/** Whether a page is part of its job's result. */
export const IN_RESULT = sql`fragment is not null and left_out is not true`;

interface Row {
  ordinal: number;
  fragment: string;
  /** The fragments that are left, up to ROWS. */
  left: number;
}

/**
 * The page blocks of a job's result as JSON text in the order of the pages, those after the ordinal
 * `from`, in arrays of bounded size. Reads by keyset, each read on its own, so no transaction stays
 * open; the rows of an ended job never change.
 */
export async function* readFragments(
  db: DbOrTx,
  { account_id, id }: JobKey,
  from = -1,
): AsyncGenerator<string[]> {
  for (let after = from; ;) {
    const { rows } = await sql<Row>`
      select ordinal, fragment, "left" from (
        select ordinal, fragment, (count(*) over ())::int as "left",
          sum(octet_length(fragment)) over (order by ordinal) - octet_length(fragment) as before
        from (
          select ordinal, fragment from pages
          where account_id = ${account_id} and job_id = ${id} and ordinal > ${after} and ${IN_RESULT}
          order by ordinal limit ${ROWS}
        ) as next
      ) as sized
      where before < ${BYTES}
      order by ordinal`.execute(db);
    const last = rows.at(-1);
    if (!last) return;
    yield rows.map((row) => row.fragment);
    if (rows.length === last.left && last.left < ROWS) return;
    after = last.ordinal;
  }
}

/** The same as one stream of text: the fragments joined by commas between a head and a tail. */
export async function* readEnvelope(
  db: DbOrTx,
  job: JobKey,
  envelope: { head: string; tail: string },
): AsyncGenerator<string> {
  yield envelope.head;
  let first = true;
  for await (const fragments of readFragments(db, job)) {
    yield (first ? '' : ',') + fragments.join(',');
    first = false;
  }
  yield envelope.tail;
}
