import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** A statement that has waited so long is looked after, so often. */
const LATE_MS = 2000;
const LOOK_MS = 1000;
/** What another connection may take to come about, and to answer. */
const PROBE_LIMIT_MS = 2000;

/** What pg has and its types do not tell. */
interface Internals {
  processID: number;
  connection: { stream: { destroy(): void } };
}

const internals = (client: pg.ClientBase) => client as unknown as Internals;

/**
 * Finds connections of a pool that the server has forgotten without a word, as after a failover or behind a network that was away: a
 * statement on one of them waits until it times out. Where a statement is late another connection asks whether its backend is at work;
 * where it twice is not, the connection is closed, and the statement fails. A backend that is at work, or waits for a lock, is left to it.
 */
export class LostConnections {
  readonly #config: pg.ClientConfig;
  /** The clients with a late statement, and how often their backends were not at work. */
  readonly #late = new Map<pg.Client, number>();
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
    const timer = setTimeout(() => {
      this.#late.set(client, 0);
      void this.#look();
    }, LATE_MS).unref();
    return () => {
      clearTimeout(timer);
      this.#late.delete(client);
    };
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    while (this.#late.size > 0) {
      await this.#lookOnce();
      await sleep(LOOK_MS, undefined, { ref: false });
    }
    this.#looking = false;
  }

  async #lookOnce(): Promise<void> {
    const idle = await this.#idleOf([...this.#late.keys()]);
    for (const client of idle) {
      const misses = this.#late.get(client);
      if (misses === undefined) continue; // answered meanwhile
      this.#late.set(client, misses + 1);
      if (misses > 0) internals(client).connection.stream.destroy();
    }
  }

  /** Those whose backends are gone or have nothing to do. None where the server does not answer: it may be that nothing is lost. */
  async #idleOf(clients: pg.Client[]): Promise<pg.Client[]> {
    const probe = new pg.Client(this.#config);
    probe.on('error', () => {}); // its query rejects as well
    try {
      await probe.connect();
      const { rows } = await probe.query<{ pid: number }>(
        `select pid from pg_stat_activity where pid = any($1::int[]) and coalesce(state, '') not like 'idle%'`,
        [clients.map((client) => internals(client).processID)],
      );
      const busy = new Set(rows.map((row) => row.pid));
      return clients.filter((client) => !busy.has(internals(client).processID));
    } catch {
      return [];
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
      }
      return answer;
    }
  };
}
