import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { clientOptions, DatabaseClient } from '../connect/client.ts';
import { EmbeddedError } from './error.ts';

/** A killed process's session may take a moment to be noticed. */
const TRIES = 20;
const PAUSE_MS = 150;
/** Between attempts to take the lock again after its connection broke. */
const RECONNECT_MS = 500;

/**
 * Holds a session's advisory lock while the process lives, so that a second instance on the same
 * data directory is refused. A broken session is replaced. `onLost` is called when another instance
 * holds the lock then.
 */
export class InstanceLock {
  readonly #url: string;
  readonly #dataDir: string;
  readonly #onLost: (error: EmbeddedError) => void;
  #client: pg.Client | null = null;
  #closed = false;

  constructor(url: string, dataDir: string, onLost: (error: EmbeddedError) => void) {
    this.#url = url;
    this.#dataDir = dataDir;
    this.#onLost = onLost;
  }

  /** Throws an EmbeddedError where another instance holds the lock. */
  async take(): Promise<void> {
    const client = new DatabaseClient({
      ...clientOptions(this.#url),
      application_name: 'ollagraph instance lock',
    });
    client.on('error', () => {}); // `end` follows
    await client.connect();
    for (let tries = 0; tries < TRIES; tries++) {
      const { rows } = await client.query<{ held: boolean }>(
        `select pg_try_advisory_lock(hashtext('ollagraph.instance')) as held`,
      );
      if (rows[0]?.held) {
        this.#client = client;
        client.on('end', () => void this.#retake());
        return;
      }
      await sleep(PAUSE_MS);
    }
    await client.end();
    throw new EmbeddedError(
      `Another Ollagraph is already running on ${this.#dataDir}. Stop it first, or set DATA_DIR to ` +
        'another folder.',
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.end().catch(() => undefined); // its server may be gone
  }

  async #retake(): Promise<void> {
    this.#client = null;
    while (!this.#closed) {
      try {
        await this.take();
        return;
      } catch (error) {
        if (error instanceof EmbeddedError) return this.#onLost(error);
        await sleep(RECONNECT_MS); // the server is away
      }
    }
  }
}
