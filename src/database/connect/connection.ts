import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { clientOptions, pinSettings } from './client.ts';
import { LostConnections, watchedClient } from './lost-connections.ts';
import type { Db, Tables } from '../tables.ts';

const types = new pg.TypeOverrides();
// Counts and byte lengths stay far below 2^53.
types.setTypeParser(pg.types.builtins.INT8, Number);

export interface Database extends AsyncDisposable {
  db: Db;
  pool: pg.Pool;
}

/**
 * After this a statement counts as lost: longer than any of ours, and short enough to recover soon
 * from a silent network.
 */
const QUERY_TIMEOUT_MS = 10_000;
/** For a migration, which may run one long statement. */
export const UNHURRIED_MS = 6 * 3600_000;

export interface DatabaseOptions {
  /** The most connections. */
  max: number;
  /** Receives the error of every broken connection, idle or in use. */
  onError: (error: Error) => void;
  /**
   * After this a statement fails, so that a silent database does not hold its callers for ever; 0:
   * never.
   */
  queryTimeoutMs?: number;
  /** Whether a connection keeps its backend, so that statements can be prepared: see PREPARED. */
  prepares?: boolean;
}

/**
 * Opens a pool of connections. Throws an AddressError where a file that the URL names cannot be
 * read.
 */
export function openDatabase(
  url: string,
  { max, onError, queryTimeoutMs = QUERY_TIMEOUT_MS, prepares = false }: DatabaseOptions,
): Database {
  const options = clientOptions(url);
  const lost = new LostConnections(options);
  const pool = new pg.Pool({
    ...options,
    Client: watchedClient(lost, prepares),
    max,
    types,
    query_timeout: queryTimeoutMs,
    idleTimeoutMillis: 30_000,
    // oxlint-disable-next-line typescript/no-misused-promises -- pg waits for it
    onConnect: async (client) => lost.serves(client, await pinSettings(client)),
  });
  // The pool reports errors of idle connections only, and an error without a listener ends the
  // process.
  const report = (error: Error) => {
    // Whatever ends the connections of a pool that has been closed breaks nothing.
    if (!pool.ending) onError(error);
  };
  pool.on('connect', (client) => client.on('error', report));
  pool.on('error', () => undefined);
  return {
    pool,
    db: new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }),
    // Kysely's destroy() leaves the pool open where no query went through Kysely.
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
