import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '../../database/tables.ts';
import type { Log } from '../../log.ts';
import { URGENT_LANE } from '../outbox/lanes.ts';
import { record } from '../outbox/record.ts';
import type { FinishedAttempt } from '../outbox/finished-attempt.ts';

const BATCH = 500;
/**
 * Each statement has costs that do not depend on how many results it takes, so fewer than ENOUGH
 * gather for a moment. Where MANY came within it they gather longer: two dispatchers on two cores
 * are then no slower than one.
 */
const ENOUGH = 400;
const GATHER_MS = 25;
const MANY = 50;
/**
 * The least time from the beginning of one statement to the next where few results come. A stream
 * of 50 a second is then ten statements and commits, and the first result after a pause waits for
 * nothing.
 */
const APART_MS = 100;
const GATHER_MORE_MS = 35;
const TRIES_WHEN_STOPPING = 5;
const MAX_RETRY_MS = 1000;

export interface RecorderOptions {
  db: Db;
  log: Log;
  /** Whether more results are to be expected soon. */
  expectsMore: () => boolean;
  recorded: (batch: FinishedAttempt[]) => void;
}

/**
 * Stores finished attempts in batches, one at a time: the next gathers while this one is written.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #finished: FinishedAttempt[] = [];
  #writing = false;
  #writtenAt = -Infinity;
  /** Ends the wait between two statements. */
  #hurry: () => void = () => {};
  #stopping = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  get busy(): boolean {
    return this.#writing;
  }

  /** From now on a database that does not answer is given up after a few tries. */
  stop(): void {
    this.#stopping = true;
    this.#hurry();
  }

  add(finished: FinishedAttempt): void {
    this.#finished.push(finished);
    if (this.#isPressing(finished)) this.#hurry();
    if (!this.#writing) void this.#write();
  }

  async #write(): Promise<void> {
    this.#writing = true;
    while (this.#finished.length > 0) {
      await this.#keepApart();
      if (this.#mayGather()) await sleep(GATHER_MS);
      if (this.#finished.length >= MANY && this.#mayGather()) await sleep(GATHER_MORE_MS);
      const batch = this.#finished.splice(0, BATCH);
      this.#writtenAt = performance.now();
      await this.#store(batch);
      if (this.#finished.length === 0) this.#writing = false;
      this.#options.recorded(batch);
    }
  }

  /** Waits until the last statement began APART_MS ago, or a result is pressing. */
  async #keepApart(): Promise<void> {
    const waitMs = this.#writtenAt + APART_MS - performance.now();
    if (waitMs <= 0 || this.#finished.some((finished) => this.#isPressing(finished))) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    this.#hurry = resolve;
    await promise;
    clearTimeout(timer);
    this.#hurry = () => {};
  }

  /** Whether the statements need not be kept apart: many results wait, or a person does. */
  #isPressing({ delivery }: FinishedAttempt): boolean {
    return this.#stopping || this.#finished.length >= MANY || delivery.lane === URGENT_LANE;
  }

  #mayGather(): boolean {
    return this.#finished.length < ENOUGH && this.#options.expectsMore();
  }

  /**
   * Receivers have seen these requests: their outcomes are kept until the database takes them. The
   * fence settles who was late.
   */
  async #store(batch: FinishedAttempt[]): Promise<void> {
    const { db, log } = this.#options;
    for (let tries = 0; ; tries++) {
      try {
        await record(db, batch);
        return;
      } catch (error) {
        log.warn({ err: error, attempts: batch.length }, 'failed to record attempts, will try again');
        if (this.#stopping && tries >= TRIES_WHEN_STOPPING) return;
        await sleep(Math.min(MAX_RETRY_MS, 50 * 2 ** tries));
      }
    }
  }
}
