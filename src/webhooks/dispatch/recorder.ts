import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '../../database/tables.ts';
import type { Log } from '../../log.ts';
import { record, type Finished } from '../outbox/record.ts';

const BATCH = 500;
/**
 * Each statement has costs that do not depend on how many results it takes: fewer than enough wait a moment for more. Where many came in it
 * they wait longer: two dispatchers on two cores, which share what one would gather, are then no slower than one.
 */
const ENOUGH = 400;
const GATHER_MS = 25;
const MANY = 50;
const GATHER_MORE_MS = 35;
const TRIES_WHEN_STOPPING = 5;

export interface RecorderOptions {
  db: Db;
  log: Log;
  /** Whether more results are to be expected soon. */
  more: () => boolean;
  recorded: (batch: Finished[]) => void;
}

/** Stores finished attempts in batches, one at a time: the next gathers while this one is written. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #finished: Finished[] = [];
  #writing = false;
  #stopping = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  get busy(): boolean {
    return this.#writing;
  }

  /** From now on a database that does not answer is not waited for without end. */
  stop(): void {
    this.#stopping = true;
  }

  add(finished: Finished): void {
    this.#finished.push(finished);
    if (!this.#writing) void this.#write();
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#finished.length > 0) {
      if (this.#mayGather()) await sleep(GATHER_MS);
      if (this.#finished.length >= MANY && this.#mayGather()) await sleep(GATHER_MORE_MS);
      const batch = this.#finished.splice(0, BATCH);
      await this.#store(batch);
      if (this.#finished.length === 0) this.#writing = false;
      this.#options.recorded(batch);
    }
  }

  /** Whether there are not enough, and more to come. */
  #mayGather(): boolean {
    return this.#finished.length < ENOUGH && this.#options.more();
  }

  /** The receiver has seen these requests: their outcome is kept until the database takes it. The fence settles who was late. */
  async #store(batch: Finished[]): Promise<void> {
    const { db, log } = this.#options;
    for (let tries = 0; ; tries++) {
      try {
        await record(db, batch);
        return;
      } catch (error) {
        log.warn(
          { err: error, attempts: batch.length },
          'finished attempts could not be recorded; trying again',
        );
        if (this.#stopping && tries >= TRIES_WHEN_STOPPING) return;
        await sleep(Math.min(1000, 50 * 2 ** tries));
      }
    }
  }
}
