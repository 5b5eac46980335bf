import { sql } from 'kysely';
import type { DbOrTx } from '../../database/tables.ts';

/** A pause that a host did not name: doubled with each one in a row. */
const FIRST_BACKOFF_SECONDS = 5;
const MAX_BACKOFF_SECONDS = 600;

/**
 * Takes the host's next turn when it comes within `patienceMs`, and returns the milliseconds until then. Otherwise takes none and
 * returns how long that would be. Turns are `delayMs` apart, for all jobs and processes together, by the database's clock.
 */
export async function takeTurn(
  db: DbOrTx,
  host: string,
  delayMs: number,
  patienceMs: number,
): Promise<{ taken: boolean; waitMs: number }> {
  const taken = await sql<{ wait: number }>`
    insert into hosts as h (host, next_allowed_at) values (${host}, now() + ${delayMs} * interval '1 ms')
    on conflict (host) do update
      set next_allowed_at = greatest(h.next_allowed_at, now()) + ${delayMs} * interval '1 ms', updated_at = now()
      where h.next_allowed_at <= now() + ${patienceMs} * interval '1 ms'
    returning (extract(epoch from next_allowed_at - now()) * 1000)::float8 - ${delayMs}::float8 as wait`.execute(
    db,
  );
  const turn = taken.rows[0];
  if (turn) return { taken: true, waitMs: Math.max(0, turn.wait) };
  const later = await sql<{ wait: number }>`
    select (extract(epoch from next_allowed_at - now()) * 1000)::float8 as wait from hosts where host = ${host}`.execute(
    db,
  );
  return { taken: false, waitMs: Math.max(0, later.rows[0]?.wait ?? 0) };
}

/** The seconds of a pause that is the first in a row: what the host named, at most ten minutes, or our own measure. */
export function firstPause(askedSeconds: number | null): number {
  return Math.min(askedSeconds ?? FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS);
}

/**
 * Notes that a host asked for a pause (429 or 503): what it named, or a growing one, at most ten minutes. Returns the
 * pause in seconds.
 */
export async function backOff(
  db: DbOrTx,
  host: string,
  status: number,
  askedSeconds: number | null,
): Promise<number> {
  const asked = askedSeconds === null ? null : Math.min(askedSeconds, MAX_BACKOFF_SECONDS);
  const { rows } = await sql<{ seconds: number }>`
    insert into hosts as h (host, backoffs, backoff_until, last_status_code)
    values (${host}, 1, now() + coalesce(${asked}::float8, ${FIRST_BACKOFF_SECONDS}::float8) * interval '1 s', ${status})
    on conflict (host) do update set
      backoffs = case when h.backoff_until > now() then h.backoffs else h.backoffs + 1 end,
      backoff_until = greatest(h.backoff_until, now() + coalesce(${asked}::float8,
        least(${MAX_BACKOFF_SECONDS}::float8, ${FIRST_BACKOFF_SECONDS} * 2.0 ^ least(h.backoffs, 10))) * interval '1 s'),
      last_status_code = excluded.last_status_code, updated_at = now()
    returning extract(epoch from backoff_until - now())::float8 as seconds`.execute(db);
  return rows[0]!.seconds;
}

/** Notes that the host answered normally again. */
export async function endBackOff(db: DbOrTx, host: string): Promise<void> {
  await sql`update hosts set backoffs = 0, backoff_until = null, updated_at = now() where host = ${host} and backoffs > 0`.execute(
    db,
  );
}
