import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DatabaseClient } from './client.ts';
import { preparedName } from './prepared.ts';

/** A statement that has waited this long is checked, this often. */
const LATE_MS = 2000;
const CHECK_MS = 1000;
const LONGEST_CHECK_MS = 16_000;
/** The limit for the checking connection to open, and to answer. */
const PROBE_LIMIT_MS = 2000;

/** What pg has and its types do not declare. */
interface Internals {
  processID: number;
  connection: { stream: Socket };
}

const internals = (client: pg.ClientBase) => client as unknown as Internals;

/** The backend that serves a client, as the server reported it when the client connected. */
export const backendOf = (client: pg.ClientBase): number => internals(client).processID;

/**
 * A late statement: how many checks in a row found its backend idle and no new bytes, and the bytes
 * received so far.
 */
interface Statement {
  client: pg.Client;
  misses: number;
  bytesRead: number;
}

/**
 * Finds connections of a pool that the server has silently dropped, as after a failover or a
 * network outage: a statement on one of them would wait until it times out. When a statement is
 * late, another connection asks whether its backend is working. If it is not, and no bytes arrive,
 * twice in a row, the connection is closed and the statement fails. A backend that works, or waits
 * for a lock, is left alone.
 */
export class LostConnections {
  readonly #config: pg.ClientConfig;
  readonly #late = new Set<Statement>();
  readonly #direct = new WeakSet<pg.ClientBase>();
  #checking = false;

  /** `config` leads to the server of the pool. */
  constructor(config: pg.ClientConfig) {
    const limits = { connectionTimeoutMillis: PROBE_LIMIT_MS, query_timeout: PROBE_LIMIT_MS };
    this.#config = { ...config, ...limits, application_name: 'ollagraph probe' };
  }

  /**
   * Records which backend serves a client. Behind PgBouncer it differs from the one that the client
   * was told, and may change: such clients are not checked.
   */
  serves(client: pg.ClientBase, backend: number): void {
    if (backendOf(client) === backend) this.#direct.add(client);
  }

  /** Whether a client is known to have one backend for as long as it lives. */
  isDirect(client: pg.ClientBase): boolean {
    return this.#direct.has(client);
  }

  /** Checks a statement of this client until the returned function is called. */
  watch(client: pg.Client): () => void {
    if (!this.#direct.has(client)) return () => {};
    const statement = { client, misses: 0, bytesRead: -1 };
    const timer = setTimeout(() => {
      this.#late.add(statement);
      void this.#check();
    }, LATE_MS).unref();
    return () => {
      clearTimeout(timer);
      this.#late.delete(statement);
    };
  }

  /** Checks less and less often while every late statement is being worked on. */
  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    for (let pause = CHECK_MS; this.#late.size > 0;) {
      const late = [...this.#late];
      const busy = await this.#busyBackends(late.map(({ client }) => backendOf(client)));
      if (busy !== null) for (const statement of late) this.#judge(statement, busy);
      const allBusy = busy !== null && late.every(({ misses }) => misses === 0);
      pause = allBusy ? Math.min(2 * pause, LONGEST_CHECK_MS) : CHECK_MS;
      await sleep(pause, undefined, { ref: false });
    }
    this.#checking = false;
  }

  #judge(statement: Statement, busy: Set<number>): void {
    if (!this.#late.has(statement)) return; // answered meanwhile
    const { processID, connection } = internals(statement.client);
    const { bytesRead } = connection.stream;
    const idle = !busy.has(processID) && bytesRead === statement.bytesRead;
    statement.bytesRead = bytesRead;
    statement.misses = idle ? statement.misses + 1 : 0;
    if (statement.misses === 2)
      connection.stream.destroy(new Error('Connection terminated: the server has dropped it'));
  }

  /**
   * Those of these backends that are working. Null where the server does not answer: then nothing
   * is known.
   */
  async #busyBackends(pids: number[]): Promise<Set<number> | null> {
    const probe = new DatabaseClient(this.#config);
    probe.on('error', () => {}); // its query rejects as well
    try {
      await probe.connect();
      const { rows } = await probe.query<{ pid: number }>(
        `select pid from pg_stat_activity where pid = any($1::int[]) and backend_type = 'client backend'
          and coalesce(state, '') not like 'idle%'`,
        [pids],
      );
      return new Set(rows.map((row) => row.pid));
    } catch {
      return null;
    } finally {
      void probe.end().catch(() => undefined); // it may never have been connected
    }
  }
}

/**
 * The class of a pool's clients, whose statements are checked. A client on which a statement timed
 * out is closed, since the next statement would wait behind it. With `prepares`, statements that
 * begin with PREPARED are prepared once for each client that has a backend of its own.
 */
export function watchedClient(lost: LostConnections, prepares: boolean): typeof pg.Client {
  return class extends DatabaseClient {
    // oxlint-disable-next-line typescript/no-explicit-any -- the overloads of pg's own
    override query(...request: any[]): any {
      const name = prepares && lost.isDirect(this) ? preparedName(request[0]) : null;
      if (name !== null) request.splice(0, 2, { name, text: request[0], values: request[1] });
      const answered = lost.watch(this);
      const callback: unknown = request.at(-1);
      if (typeof callback === 'function') {
        request[request.length - 1] = (...answer: unknown[]) => {
          answered();
          callback(...answer);
        };
      }
      // oxlint-disable-next-line typescript/no-explicit-any -- the overloads of pg's own
      const answer: unknown = (super.query as (...request: any[]) => unknown).apply(this, request);
      if (answer instanceof Promise) {
        answer.then(answered, (error: Error) => {
          answered();
          if (error.message === 'Query read timeout') void this.end();
        });
      } else if (typeof callback !== 'function') answered();
      return answer;
    }
  };
}
