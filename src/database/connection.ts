import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { LostConnections, watchedClient } from './lost-connections.ts';
import type { Db, Tables } from './tables.ts';

const types = new pg.TypeOverrides();
// Counts and byte lengths stay far below 2^53.
types.setTypeParser(pg.types.builtins.INT8, Number);

export interface Database extends AsyncDisposable {
  db: Db;
  pool: pg.Pool;
}

/** A statement that takes longer counts as lost: longer than any of ours, short enough to be back soon after a network that went silent. */
const QUERY_TIMEOUT_MS = 10_000;
/** Where somebody waits for one long statement: a migration, a command of an operator. */
export const UNHURRIED_MS = 6 * 3600_000;
/** Postgres ends a session whose transaction rests so long: behind a broken network it would hold its locks for hours. */
const IDLE_TRANSACTION_MS = 15_000;

/**
 * Opens a pool of at most `max` connections. Statements end after `queryTimeoutMs`, so that a database that has gone silent
 * does not hold its callers for good; `onError` hears of connections that broke, idle or in use.
 */
export function openDatabase(
  url: string,
  max: number,
  onError: (error: Error) => void,
  queryTimeoutMs: number = QUERY_TIMEOUT_MS,
): Database {
  const lost = new LostConnections({ connectionString: url });
  const pool = new pg.Pool({
    Client: watchedClient(lost),
    connectionString: url,
    max,
    types,
    connectionTimeoutMillis: 10_000,
    query_timeout: queryTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'ollagraph',
    // oxlint-disable-next-line typescript/no-misused-promises -- pg waits for it, and its types do not say so
    onConnect: async (client) => {
      const { rows } = await client.query<{ pid: number }>(
        `select pg_backend_pid() as pid, set_config('idle_in_transaction_session_timeout', $1, false)`,
        [`${IDLE_TRANSACTION_MS}ms`],
      );
      lost.serves(client, rows[0]!.pid);
    },
  });
  // The pool hears only of idle connections, and an error that nobody hears ends the process.
  pool.on('connect', (client) => client.on('error', onError));
  pool.on('error', () => undefined);
  return {
    pool,
    db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }),
    // Not Kysely's destroy(): it leaves the pool open where no query went through Kysely.
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
