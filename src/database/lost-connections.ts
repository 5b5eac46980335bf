import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** A statement that has waited so long is looked after, so often. */
const LATE_MS = 2000;
const LOOK_MS = 1000;
const LONGEST_LOOK_MS = 16_000;
/** What another connection may take to come about, and to answer. */
const PROBE_LIMIT_MS = 2000;

/** What pg has and its types do not tell. */
interface Internals {
  processID: number;
  connection: { stream: Socket };
}

const internals = (client: pg.ClientBase) => client as unknown as Internals;

/** A late statement: how often in a row its backend was not at work and nothing arrived, and the bytes that had arrived by then. */
interface Statement {
  client: pg.Client;
  misses: number;
  bytesRead: number;
}

/**
 * Finds connections of a pool that the server has forgotten without a word, as after a failover or behind a network that was away: a
 * statement on one of them waits until it times out. Where a statement is late another connection asks whether its backend is at work;
 * where it is not, and nothing arrives, twice in a row, the connection is closed, and the statement fails. A backend that is at work, or
 * waits for a lock, is left to it.
 */
export class LostConnections {
  readonly #config: pg.ClientConfig;
  readonly #late = new Set<Statement>();
  readonly #direct = new WeakSet<pg.ClientBase>();
  #looking = false;

  /** `config` leads to the server of the pool. */
  constructor(config: pg.ClientConfig) {
    const limits = { connectionTimeoutMillis: PROBE_LIMIT_MS, query_timeout: PROBE_LIMIT_MS };
    this.#config = { ...config, ...limits, application_name: 'ollagraph probe' };
  }

  /** Says which backend serves a client. Behind PgBouncer it is another than the client was told, and may change: such are not looked after. */
  serves(client: pg.ClientBase, backend: number): void {
    if (internals(client).processID === backend) this.#direct.add(client);
  }

  /** Looks after a statement of this client until the returned function is called. */
  watch(client: pg.Client): () => void {
    if (!this.#direct.has(client)) return () => {};
    const statement = { client, misses: 0, bytesRead: -1 };
    const timer = setTimeout(() => {
      this.#late.add(statement);
      void this.#look();
    }, LATE_MS).unref();
    return () => {
      clearTimeout(timer);
      this.#late.delete(statement);
    };
  }

  /** Less and less often while all that is late is at work. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    for (let pause = LOOK_MS; this.#late.size > 0;) {
      const asked = [...this.#late];
      const busy = await this.#busyBackends(asked.map(({ client }) => internals(client).processID));
      if (busy !== null) for (const statement of asked) this.#judge(statement, busy);
      const allBusy = busy !== null && asked.every(({ misses }) => misses === 0);
      pause = allBusy ? Math.min(2 * pause, LONGEST_LOOK_MS) : LOOK_MS;
      await sleep(pause, undefined, { ref: false });
    }
    this.#looking = false;
  }

  #judge(statement: Statement, busy: Set<number>): void {
    if (!this.#late.has(statement)) return; // answered meanwhile
    const { processID, connection } = internals(statement.client);
    const { bytesRead } = connection.stream;
    const idle = !busy.has(processID) && bytesRead === statement.bytesRead;
    statement.bytesRead = bytesRead;
    statement.misses = idle ? statement.misses + 1 : 0;
    if (statement.misses === 2)
      connection.stream.destroy(new Error('Connection terminated: the server does not know it any more'));
  }

  /** Those of these backends that are at work. Null where the server does not answer: it may be that nothing is lost. */
  async #busyBackends(pids: number[]): Promise<Set<number> | null> {
    const probe = new pg.Client(this.#config);
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

/** The class of a pool's clients, whose statements are watched; one on which a statement timed out is closed: what was asked next would wait behind it. */
export function watchedClient(lost: LostConnections): typeof pg.Client {
  return class extends pg.Client {
    // oxlint-disable-next-line typescript/no-explicit-any -- the overloads of pg's own
    override query(...request: any[]): any {
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
