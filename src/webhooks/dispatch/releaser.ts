import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '../../database/tables.ts';
import type { Log } from '../../log.ts';
import { release, type Release } from '../outbox/release.ts';

const BATCH = 500;
/**
 * Part of a statement's cost does not depend on how many deliveries it gives back, so they gather
 * for this time.
 */
const GATHER_MS = 10;

/**
 * Gives claims back in batches. A batch that fails is not retried: the leases end, and the
 * deliveries are due again.
 */
export class Releaser {
  readonly #db: Db;
  readonly #log: Log;
  readonly #waiting: Release[] = [];
  #writing = false;

  constructor(db: Db, log: Log) {
    this.#db = db;
    this.#log = log;
  }

  get busy(): boolean {
    return this.#writing;
  }

  /** Gives these back soon. Resolves when everything up to now is written. */
  async add(releases: Release[]): Promise<void> {
    for (const one of releases) this.#waiting.push(one);
    if (this.#writing || this.#waiting.length === 0) return;
    this.#writing = true;
    await sleep(GATHER_MS);
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH);
      await release(this.#db, batch).catch((error: unknown) =>
        this.#log.warn({ err: error, deliveries: batch.length }, 'failed to give deliveries back'),
      );
    }
    this.#writing = false;
  }
}
