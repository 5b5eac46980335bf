import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import type pg from 'pg';
import { clientOptions, DatabaseClient } from './connect/client.ts';
import type { DbOrTx } from './tables.ts';
import type { Lane } from './queue.ts';
import type { Log } from '../log.ts';

const CHANNEL = 'ollagraph';

/**
 * The notifications between processes. They only save time: a process that misses one finds the
 * work by polling.
 */
export type Notification =
  | { type: 'slices'; lane: Lane }
  /** `kind`: what may be due, for a person who waits or as ever; without it, anything. */
  | { type: 'outbox'; account_id: string; endpoint: string; kind?: 'urgent' | 'fresh' }
  /** `early`: pages of it may be under way. */
  | { type: 'job_ended'; job_id: string; early: boolean }
  /** A model's client gives up a call. Lost, the call goes on to its end. */
  | { type: 'call_cancelled'; account_id: string; session: string; request_id: string | number };

/** Sends a notification when the caller's transaction commits. */
export async function notify(tx: DbOrTx, notification: Notification): Promise<void> {
  await sql`select pg_notify(${CHANNEL}, ${JSON.stringify(notification)})`.execute(tx);
}

type Handler = (notification: Notification) => void;

/**
 * One connection that listens for the whole process, and is replaced when it breaks. Without a URL
 * there is none, and work is found by polling: LISTEN does not work behind PgBouncer in transaction
 * mode.
 */
export class Notifications {
  readonly #url: string | null;
  readonly #log: Log;
  readonly #handlers = new Set<Handler>();
  readonly #onReconnect = new Set<() => void>();
  #client: pg.Client | null = null;
  #closed = false;

  constructor(url: string | null, log: Log) {
    this.#url = url;
    this.#log = log;
  }

  /** Whether anything can arrive. */
  get listens(): boolean {
    return this.#url !== null;
  }

  /** Calls the handler for every notification until the returned function is called. */
  subscribe(handler: Handler, onReconnect?: () => void): () => void {
    this.#handlers.add(handler);
    if (onReconnect) this.#onReconnect.add(onReconnect);
    return () => {
      this.#handlers.delete(handler);
      if (onReconnect) this.#onReconnect.delete(onReconnect);
    };
  }

  /**
   * Resolves when the first connection listens. A connection that breaks later is replaced in the
   * background.
   */
  async start(): Promise<void> {
    if (this.#url === null) return;
    const client = new DatabaseClient({
      ...clientOptions(this.#url),
      query_timeout: 10_000,
      application_name: 'ollagraph listen',
    });
    client.on('notification', (message) => this.#dispatch(message.payload ?? ''));
    client.on('error', (error) => this.#log.warn({ err: error }, 'listening connection broke'));
    client.on('end', () => {
      if (this.#client === client) void this.#reconnect();
    });
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
    } catch (error) {
      void client.end().catch(() => undefined); // it may never have been connected
      throw error;
    }
    this.#client = client;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = this.#client;
    this.#client = null;
    await client?.end();
  }

  async #reconnect(): Promise<void> {
    this.#client = null;
    while (!this.#closed) {
      try {
        await this.start();
        for (const handler of this.#onReconnect) handler();
        return;
      } catch (error) {
        this.#log.warn({ err: error }, 'cannot listen for notifications; polling continues');
        await sleep(1000);
      }
    }
  }

  #dispatch(payload: string): void {
    let notification: Notification;
    try {
      notification = JSON.parse(payload) as Notification;
    } catch {
      this.#log.warn({ bytes: payload.length }, 'notification of another format ignored');
      return;
    }
    for (const handler of this.#handlers) handler(notification);
  }
}
