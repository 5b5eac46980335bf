import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Log } from '../../log.ts';
import { formatDatabaseUrl, parseDatabaseUrl } from './url.ts';
import { AddressError, describeAddress, sslModeOf } from './address.ts';
import { clientOptions, DatabaseClient, pinSettings } from './client.ts';
import { ConnectionError, explainConnection } from './connection-error.ts';
import { backendOf } from './lost-connections.ts';

/** A connection that was closed before a byte came. */
const CLOSED = 'closed';
/**
 * A server that is starting refuses connections for a while, or says that it is starting (57P03). A
 * proxy before it takes them and closes them.
 */
const STARTING = new Set(['ECONNREFUSED', 'ENOENT', 'EAI_AGAIN', '57P03', CLOSED]);
const WAIT_MS = 30_000;
const PAUSE_MS = 250;

export interface ReachOptions {
  /** Wait for up to 30 s while the database is starting, and log that. */
  wait?: Log;
  signal?: AbortSignal | undefined;
  /** How many connections the process needs; 0 where that is not to be checked. */
  connections?: number;
}

/**
 * Connects once and checks that the database can be used: that it takes writes, holds UTF-8, and
 * allows the connections that the process needs. Returns the URL with a definite sslmode (see
 * `settleTls`). Throws a ConnectionError.
 */
export async function reachDatabase(url: string, options: ReachOptions = {}): Promise<string> {
  const deadline = performance.now() + WAIT_MS;
  for (let waiting = false; ; waiting = true) {
    try {
      const { client, url: settled } = await settleTls(url);
      try {
        await check(client, settled, options.connections ?? 0);
      } finally {
        await client.end();
      }
      return settled;
    } catch (error) {
      if (error instanceof ConnectionError) throw error;
      if (error instanceof AddressError)
        throw new ConnectionError(`DATABASE_URL: ${error.message}`, { cause: error });
      const code = codeOf(error);
      const ended = performance.now() > deadline || options.signal?.aborted;
      if (!options.wait || !STARTING.has(code) || ended) throw explainConnection(url, error);
      if (!waiting)
        options.wait.warn({ address: describeAddress(url), code }, 'waiting up to 30 s for the database');
    }
    await sleep(PAUSE_MS);
  }
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return (error as NodeJS.ErrnoException).code ?? '';
}

/**
 * Connects as the URL's sslmode says. libpq tries twice in the modes `allow` (without TLS first)
 * and `prefer` (with TLS first); what succeeds here is fixed in the returned URL, so that later
 * connections need one try.
 */
async function settleTls(url: string): Promise<{ client: pg.Client; url: string }> {
  const parameters = parseDatabaseUrl(url);
  const mode = sslModeOf(parameters);
  if (mode !== 'allow' && mode !== 'prefer') return { client: await connect(url), url };
  const [plain, encrypted] = ['disable', 'require'].map((sslmode) =>
    formatDatabaseUrl({ ...parameters, sslmode }),
  );
  const [first, second] = mode === 'allow' ? [plain!, encrypted!] : [encrypted!, plain!];
  try {
    return { client: await connect(first), url: first };
  } catch (error) {
    // What is wrong with the network is wrong with both.
    if (STARTING.has(codeOf(error)) || codeOf(error) === 'ENOTFOUND') throw error;
    const client = await connect(second).catch((later: unknown) => {
      throw /does not support SSL/.test((error as Error).message) ? later : error;
    });
    return { client, url: second };
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new DatabaseClient(clientOptions(url));
  client.on('error', () => {}); // the pending call rejects as well
  try {
    await client.connect();
    return client;
  } catch (error) {
    void client.end().catch(() => undefined); // it was never connected
    const wasClosed = codeOf(error) === 'ECONNRESET' || /terminated unexpectedly/.test(String(error));
    throw wasClosed && !client.answered ? Object.assign(error as Error, { code: CLOSED }) : error;
  }
}

interface State {
  encoding: string;
  read_only: boolean;
  allowed: number;
}

async function check(client: pg.Client, url: string, connections: number): Promise<void> {
  const backend = await pinSettings(client);
  const { rows } = await client.query<State>(`
    select pg_encoding_to_char(d.encoding) as encoding,
      pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as read_only,
      least(nullif(d.datconnlimit, -1), nullif(r.rolconnlimit, -1),
        current_setting('max_connections')::int
          - current_setting('superuser_reserved_connections')::int) as allowed
    from pg_database d, pg_roles r where d.datname = current_database() and r.rolname = current_user`);
  const { encoding, read_only, allowed } = rows[0]!;
  if (encoding !== 'UTF8')
    throw new ConnectionError(
      `DATABASE_URL: the database is encoded in ${encoding}, and Ollagraph needs UTF8: ` +
        `create database … encoding 'UTF8' template template0.`,
    );
  if (read_only) throw explainConnection(url, Object.assign(new Error('read-only'), { code: '25006' }));
  // Behind a pooler the server's limit is not ours.
  if (backendOf(client) === backend && allowed < connections)
    throw new ConnectionError(
      `DATABASE_URL: ${describeAddress(url)} allows ${allowed} connections, and this process needs ` +
        `${connections}. Raise the limit, or lower DATABASE_POOL and WORKER_THREADS.`,
    );
}
