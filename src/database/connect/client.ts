import pg from 'pg';
import { connectionOptions, requiresChannelBinding } from './address.ts';

/** What pg has and its types do not declare. */
interface Internals {
  connection: NodeJS.EventEmitter & { stream: { bytesRead: number; destroy(error: Error): void } };
}

/**
 * A transaction that rests longer is ended by Postgres: behind a broken network it would hold its
 * locks for hours.
 */
const IDLE_TRANSACTION_MS = 15_000;

/**
 * The settings of a session on which what we read and write depends, whatever the role or the
 * database has: how values are written as text, and how transactions behave.
 */
const SETTINGS = {
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  idle_in_transaction_session_timeout: `${IDLE_TRANSACTION_MS}ms`,
};

/**
 * A client of our database that keeps what its URL asks for and pg does not know:
 * channel_binding=require.
 */
export class DatabaseClient extends pg.Client {
  constructor(config: pg.ClientConfig & { requireChannelBinding?: boolean }) {
    super(config);
    if (config.requireChannelBinding) this.#requireChannelBinding();
  }

  /** Whether the server has sent anything. */
  get answered(): boolean {
    return (this as unknown as Internals).connection.stream.bytesRead > 0;
  }

  #requireChannelBinding(): void {
    const { connection } = this as unknown as Internals;
    let bound = false;
    connection.on('authenticationSASL', ({ mechanisms }: { mechanisms: string[] }) => {
      bound = mechanisms.includes('SCRAM-SHA-256-PLUS') && connection.stream.constructor.name === 'TLSSocket';
    });
    connection.on('authenticationOk', () => {
      if (bound) return;
      // It may have arrived already, and would count as connected.
      connection.removeAllListeners('readyForQuery');
      connection.stream.destroy(
        new Error('channel binding is required, and the server does not offer it on this connection'),
      );
    });
  }
}

/** The options of clients and pools that connect to this URL. Throws an AddressError. */
export function clientOptions(url: string): pg.ClientConfig & { requireChannelBinding: boolean } {
  return {
    application_name: 'ollagraph',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    ...connectionOptions(url),
    requireChannelBinding: requiresChannelBinding(url),
  };
}

/**
 * Pins the settings of a new session. Returns the backend that serves it: behind a pooler another
 * than the client has.
 */
export async function pinSettings(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(
    `select pg_backend_pid() as pid, set_config(name, value, false)
      from unnest($1::text[], $2::text[]) as settings (name, value)`,
    [Object.keys(SETTINGS), Object.values(SETTINGS)],
  );
  return rows[0]!.pid;
}
