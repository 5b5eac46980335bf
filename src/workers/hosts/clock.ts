import { sql } from 'kysely';
import type { DbOrTx } from '../../database/tables.ts';

/** The first pause of a host that names none. It doubles with each one in a row. */
const FIRST_BACKOFF_SECONDS = 5;
const MAX_BACKOFF_SECONDS = 600;

/** The clock of the hosts cannot be read or set. The page is not at fault: its slice is retried when the database is back. */
export class HostClockError extends Error {
  override name = 'HostClockError';
}

/** Takes the next turn of a host. `taken` is false where the turn is more than `patienceMs` away; then none is taken. */
export interface Turn {
  taken: boolean;
  waitMs: number;
}

/** The clocks of the hosts, in the database: all jobs and processes share them. Its methods throw HostClockError. */
export class HostClock {
  readonly #db: DbOrTx;

  constructor(db: DbOrTx) {
    this.#db = db;
  }

  /** Takes the host's next turn. Turns are `delayMs` apart. */
  async takeTurn(host: string, delayMs: number, patienceMs: number): Promise<Turn> {
    return await orClockError(takeTurn(this.#db, { host, delayMs, patienceMs }));
  }

  /**
   * Records that a host asked for a pause (429 or 503): the one it named, or one that grows, at most ten minutes. Returns the
   * seconds of the pause.
   */
  async backOff(host: string, statusCode: number, askedSeconds: number | null): Promise<number> {
    return await orClockError(backOff(this.#db, host, statusCode, askedSeconds));
  }

  /** Records that the host answers normally again. */
  async endBackOff(host: string): Promise<void> {
    await orClockError(endBackOff(this.#db, host));
  }
}

/** The seconds of the first pause in a row: those that the host named, at most ten minutes, or our own. */
export function firstPause(askedSeconds: number | null): number {
  return Math.min(askedSeconds ?? FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS);
}

async function orClockError<T>(answer: Promise<T>): Promise<T> {
  return await answer.catch((cause: unknown) => {
    throw new HostClockError('the clock of the hosts failed', { cause });
  });
}

async function takeTurn(
  db: DbOrTx,
  { host, delayMs, patienceMs }: { host: string; delayMs: number; patienceMs: number },
): Promise<Turn> {
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

async function backOff(
  db: DbOrTx,
  host: string,
  statusCode: number,
  askedSeconds: number | null,
): Promise<number> {
  const asked = askedSeconds === null ? null : Math.min(askedSeconds, MAX_BACKOFF_SECONDS);
  const { rows } = await sql<{ seconds: number }>`
    insert into hosts as h (host, backoffs, backoff_until, last_status_code)
    values (${host}, 1, now() + coalesce(${asked}::float8, ${FIRST_BACKOFF_SECONDS}::float8) * interval '1 s', ${statusCode})
    on conflict (host) do update set
      backoffs = case when h.backoff_until > now() then h.backoffs else h.backoffs + 1 end,
      backoff_until = greatest(h.backoff_until, now() + coalesce(${asked}::float8,
        least(${MAX_BACKOFF_SECONDS}::float8, ${FIRST_BACKOFF_SECONDS} * 2.0 ^ least(h.backoffs, 10))) * interval '1 s'),
      last_status_code = excluded.last_status_code, updated_at = now()
    returning extract(epoch from backoff_until - now())::float8 as seconds`.execute(db);
  return rows[0]!.seconds;
}

async function endBackOff(db: DbOrTx, host: string): Promise<void> {
  await sql`update hosts set backoffs = 0, backoff_until = null, updated_at = now()
    where host = ${host} and backoffs > 0`.execute(db);
}
