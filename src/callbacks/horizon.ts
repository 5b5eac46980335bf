import { sql } from 'kysely';
import type { DbOrTx } from '../database/tables.ts';

/** The longest that a transaction that adds a callback may take: older ones only read. */
const LONGEST_WRITE_SECONDS = 60;

/** Two clocks at one moment, in microseconds since 1970. */
export interface Horizon {
  /** The database's, which says when jobs end. */
  database: bigint;
  /** This process's, which makes ids. */
  process: bigint;
}

/**
 * The moment before which no callback can appear any more: the begin of the oldest transaction
 * under way. A list that ends there leaves no gap behind its cursor. Take it before the snapshot of
 * the list: what is committed in between is then younger.
 */
export async function readHorizon(db: DbOrTx): Promise<Horizon> {
  // Before the statement: an answer that comes late must not move the horizon ahead.
  const asked = BigInt(Date.now()) * 1000n;
  const { rows } = await sql<{ horizon: string; now: string }>`
    select (extract(epoch from least(min(xact_start), now())) * 1000000)::bigint::text as horizon,
      (extract(epoch from now()) * 1000000)::bigint::text as now
    from pg_stat_activity
    where datname = current_database()
      and xact_start > now() - ${LONGEST_WRITE_SECONDS} * interval '1 second'`.execute(db);
  const { horizon, now } = rows[0]!;
  const database = BigInt(horizon);
  return { database, process: asked - (BigInt(now) - database) };
}
