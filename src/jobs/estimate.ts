import { sql } from 'kysely';
import { int, rows, text } from '../database/rows.ts';
import type { DbOrTx } from '../database/tables.ts';

/** The most hosts to look at: those with the most pages take the longest. */
const MAX_HOSTS = 1000;

interface Work {
  account_id: string;
  /** The pages of each host. */
  pages: Map<string, number>;
  /** The delay that the caller asks for between two fetches of a host; 0: none. */
  delay_ms: number;
  /** Whether the delays that hosts ask for in their robots.txt are respected. */
  respect_robots: boolean;
}

/**
 * The seconds until every page has had its turn at its host. Counts the turns already taken there,
 * pauses, and a delay for each page. Null where no host has a delay.
 */
export async function estimateSeconds(db: DbOrTx, work: Work): Promise<number | null> {
  const largest = [...work.pages].filter(([host]) => host !== '').toSorted(([, a], [, b]) => b - a);
  const hosts = rows(largest.slice(0, MAX_HOSTS), {
    host: text(([host]) => host),
    pages: int(([, pages]) => pages),
  });
  const { rows: found } = await sql<{ seconds: number | null }>`
    select max(
        p.pages * kept.ms / 1000.0
        + greatest(0, extract(epoch from greatest(
          case when h.delay_ms > 0 and ${work.respect_robots} then h.next_allowed_at end,
          a.next_allowed_at, h.backoff_until, a.backoff_until
        ) - now()))
      )::float8 as seconds
    from ${hosts.as('p')}
      left join hosts h on h.host = p.host
      left join account_hosts a on a.account_id = ${work.account_id} and a.host = p.host
      cross join lateral (
        select greatest(${work.delay_ms}::int, case when ${work.respect_robots} then h.delay_ms end) as ms
      ) as kept
    where kept.ms > 0`.execute(db);
  const seconds = found[0]?.seconds ?? null;
  return seconds === null ? null : Math.ceil(seconds);
}
