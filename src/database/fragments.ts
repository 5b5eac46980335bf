import { sql, type RawBuilder } from 'kysely';
import { InDoubtError } from './connect/trouble.ts';
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
  /** Whether the job has ended. */
  ended: boolean | null;
}

/**
 * The page blocks of an ended job's result as JSON text in the order of the pages, those after the
 * ordinal `from`, in arrays of bounded size. Reads by keyset, each read on its own, so no
 * transaction stays open; the rows of an ended job never change. Throws an InDoubtError where the
 * end of the job does not show yet.
 */
export async function* readFragments(
  db: DbOrTx,
  { account_id, id }: JobKey,
  from = -1,
): AsyncGenerator<string[]> {
  const isEnded = sql`select finished_at is not null from jobs
        where account_id = ${account_id} and id = ${id}`;
  for (let after = from; ;) {
    const { rows } = await sql<Row>`
      select ordinal, fragment, "left", (${isEnded}) as ended from (
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
    const ended = last || after > from ? last?.ended : await readAlone(db, isEnded);
    if (ended === false) throw new InDoubtError(`the end of job ${id} does not show yet`);
    if (!last) return;
    yield rows.map((row) => row.fragment);
    if (rows.length === last.left && last.left < ROWS) return;
    after = last.ordinal;
  }
}

/**
 * Whether a job has ended none of whose pages has a fragment; null where it is not kept any longer.
 */
async function readAlone(db: DbOrTx, isEnded: RawBuilder<unknown>): Promise<boolean | null> {
  const { rows } = await sql<{ ended: boolean | null }>`select (${isEnded}) as ended`.execute(db);
  return rows[0]!.ended;
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
