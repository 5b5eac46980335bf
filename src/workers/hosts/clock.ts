import { sql } from 'kysely';
import type { DbOrTx } from '../../database/tables.ts';

/** The first pause of a host that names none. It doubles with each one in a row. */
const FIRST_BACKOFF_SECONDS = 5;
const MAX_BACKOFF_SECONDS = 600;
/**
 * What one account's answers ask of others: a pause of at most so long, once in such an interval.
 * They cannot stop the work of others on a host for longer.
 */
const SHARED_BACKOFF_SECONDS = 60;
const SHARED_INTERVAL_SECONDS = 600;

/**
 * The clock of the hosts cannot be read or set. The page is not at fault: its slice is retried when
 * the database is back.
 */
export class HostClockError extends Error {
  override name = 'HostClockError';
}

/** A turn that was taken, and how long it is until then; else how long until it is worth asking. */
export interface Turn {
  taken: boolean;
  waitMs: number;
}

/** Turns are `delayMs` apart. One that is more than `patienceMs` away is not taken. */
interface Pace {
  delayMs: number;
  patienceMs: number;
}

/** The seconds for which a host is left alone. */
export interface Pause {
  /** By the account that the host has asked. */
  seconds: number;
  /** By the others. */
  othersSeconds: number;
}

/** Who visits which host. */
export interface Visitor {
  accountId: string;
  host: string;
}

/**
 * The clocks of the hosts, in the database: all jobs and processes share them. What a caller asks
 * for binds the caller's account; what the host asks for binds all, up to a limit. Its methods
 * throw HostClockError.
 */
export class HostClock {
  readonly #db: DbOrTx;

  constructor(db: DbOrTx) {
    this.#db = db;
  }

  /**
   * Takes the host's next turn, for which all accounts ask. The account that had the last one takes
   * it only within half of its patience, so that many pages of one account leave turns to others.
   */
  async takeTurn({ accountId, host }: Visitor, pace: Pace): Promise<Turn> {
    return await orClockError(takeTurn(this.#db, { table: 'hosts', key: { host }, taker: accountId }, pace));
  }

  /** Takes the account's next turn at the host. */
  async takeTurnOf({ accountId, host }: Visitor, pace: Pace): Promise<Turn> {
    const key = { account_id: accountId, host };
    return await orClockError(takeTurn(this.#db, { table: 'account_hosts', key, taker: null }, pace));
  }

  /**
   * Records that a host asked an account for a pause (429 or 503): the one it named, or one that
   * grows, at most ten minutes. Once in ten minutes, others keep its first minute.
   */
  async backOff(visitor: Visitor, statusCode: number, askedSeconds: number | null): Promise<Pause> {
    return await orClockError(backOff(this.#db, visitor, statusCode, askedSeconds));
  }

  /** Records that the host answers the account normally again. */
  async endBackOff(visitor: Visitor): Promise<void> {
    await orClockError(endBackOff(this.#db, visitor));
  }
}

/**
 * The seconds of the first pause in a row: what the host named, at most ten minutes, or our
 * default.
 */
export function firstPause(askedSeconds: number | null): number {
  return Math.min(askedSeconds ?? FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS);
}

async function orClockError<T>(answer: Promise<T>): Promise<T> {
  return await answer.catch((cause: unknown) => {
    throw new HostClockError('the clock of the hosts failed', { cause });
  });
}

/** A clock: a row of a table. `taker`: who takes a turn, where others take turns, too. */
interface Clock {
  table: 'hosts' | 'account_hosts';
  key: Record<string, string>;
  taker: string | null;
}

async function takeTurn(
  db: DbOrTx,
  { table, key, taker }: Clock,
  { delayMs, patienceMs }: Pace,
): Promise<Turn> {
  const names = sql.join(Object.keys(key).map((name) => sql.id(name)));
  const values = sql.join(Object.values(key));
  const [ofTaker, theTaker] = taker === null ? [sql``, sql``] : [sql`, turn_of`, sql`, ${taker}`];
  const hadLast = taker === null ? sql`false` : sql`coalesce(h.turn_of = ${taker}, false)`;
  const patience = sql`case when ${hadLast} then ${patienceMs / 2}::float8 else ${patienceMs} end`;
  const taken = await sql<{ wait: number }>`
    insert into ${sql.id(table)} as h (${names}, next_allowed_at, delay_ms${ofTaker})
    values (${values}, now() + ${delayMs} * interval '1 ms', ${delayMs}::int${theTaker})
    on conflict (${names}) do update
      set next_allowed_at = greatest(h.next_allowed_at, now()) + ${delayMs} * interval '1 ms',
        delay_ms = excluded.delay_ms, updated_at = now()
        ${taker === null ? sql`` : sql`, turn_of = ${taker}`}
      where h.next_allowed_at <= now() + ${patience} * interval '1 ms'
    returning (extract(epoch from next_allowed_at - now()) * 1000)::float8 - ${delayMs}::float8
      as wait`.execute(db);
  const turn = taken.rows[0];
  if (turn) return { taken: true, waitMs: Math.max(0, turn.wait) };
  // Others come as soon as they may take it, and so before those who had the last one.
  const later = await sql<{ wait: number }>`
    select (extract(epoch from next_allowed_at - now()) * 1000)::float8
      - case when ${hadLast} or ${taker === null} then 0 else ${patienceMs}::float8 end as wait
    from ${sql.id(table)} as h where (${names}) = (${values})`.execute(db);
  return { taken: false, waitMs: Math.max(0, later.rows[0]?.wait ?? 0) };
}

async function backOff(
  db: DbOrTx,
  { accountId, host }: Visitor,
  statusCode: number,
  askedSeconds: number | null,
): Promise<Pause> {
  const asked = askedSeconds === null ? null : Math.min(askedSeconds, MAX_BACKOFF_SECONDS);
  const first = asked ?? FIRST_BACKOFF_SECONDS;
  // Answers within a pause are no further ones.
  const inARow = sql`case when a.backoff_until > now() then greatest(a.backoffs, 1) else a.backoffs + 1 end`;
  const { rows } = await sql<{ seconds: number; others_seconds: number }>`
    with own as (
      insert into account_hosts as a (account_id, host, backoffs, backoff_until, shared_at, updated_at)
      values (${accountId}, ${host}, 1, now() + ${first} * interval '1 s', now(), now())
      on conflict (account_id, host) do update set
        backoffs = ${inARow},
        backoff_until = greatest(a.backoff_until, now() + interval '1 s' * least(
          ${MAX_BACKOFF_SECONDS}::float8,
          coalesce(${asked}::float8, ${FIRST_BACKOFF_SECONDS} * 2.0 ^ least(${inARow} - 1, 10))
        )),
        shared_at = case
          when a.shared_at > now() - ${SHARED_INTERVAL_SECONDS} * interval '1 s' then a.shared_at
          else now()
        end,
        updated_at = now()
      returning extract(epoch from backoff_until - now())::float8 as seconds,
        case when shared_at = now() then ${SHARED_BACKOFF_SECONDS}::float8 else 0 end as most_of_others
    ), others as (
      insert into hosts as h (host, backoff_until, last_status_code)
      select ${host}, now() + least(seconds, most_of_others) * interval '1 s', ${statusCode}::smallint
      from own
      on conflict (host) do update set
        backoff_until = greatest(h.backoff_until, excluded.backoff_until),
        last_status_code = excluded.last_status_code, updated_at = now()
    )
    select seconds, least(seconds, most_of_others) as others_seconds from own`.execute(db);
  const { seconds, others_seconds } = rows[0]!;
  return { seconds, othersSeconds: others_seconds };
}

async function endBackOff(db: DbOrTx, { accountId, host }: Visitor): Promise<void> {
  await sql`update account_hosts set backoffs = 0, updated_at = now()
    where account_id = ${accountId} and host = ${host} and backoffs > 0`.execute(db);
}

/**
 * Deletes the clocks that nobody has used for a day: no pause and no delay is longer than minutes.
 */
export async function forgetClocks(db: DbOrTx): Promise<void> {
  for (const table of ['hosts', 'account_hosts'] as const)
    await sql`delete from ${sql.id(table)} where updated_at < now() - interval '1 day'`.execute(db);
}
