import type { Permit } from '../../limits/permit.ts';
import { PrioritySemaphore } from '../../limits/priority-semaphore.ts';
import { LARGEST_READING_BYTES } from './page-weight.ts';

/** How long an urgent page waits before pages that yield are given up. Most end sooner. */
const PATIENCE_MS = 1000;

/**
 * While heavy pages take no more than this, idle readers keep what they do not use: each holds some
 * 30 MiB more than one that has returned it, and its code stays compiled. To return it costs 50 ms
 * of CPU time, and the next pages some 300 ms.
 */
const EASY_BYTES = LARGEST_READING_BYTES / 2;

/** A page that takes much memory. */
interface HeavyPage {
  /** What its reader may come to take. */
  bytes: number;
  /** Whether somebody waits for it. */
  urgent: boolean;
  /** Whether it may be given up for an urgent one, and read again later. */
  yields: boolean;
}

/** The place of a page whose reader may take much memory. */
interface ReadingPlace extends Disposable {
  /** Aborts when an urgent page wants the place. */
  wanted: AbortSignal;
}

/**
 * What the readers of all lanes may take together for pages that take much memory: one page of the
 * largest kind, or several smaller ones. Others need no place.
 */
export class ReadingMemory {
  readonly #semaphore = new PrioritySemaphore(LARGEST_READING_BYTES);
  readonly #yielding = new Set<AbortController>();
  readonly #holders: (() => Promise<void>)[] = [];

  /** Has `rest` return what readers do not use, when pages that get a place take much together. */
  onHeavy(rest: () => Promise<void>): void {
    this.#holders.push(rest);
  }

  /** Waits for a place. Throws the signal's reason when that aborts. */
  async enter({ bytes, urgent, yields }: HeavyPage, signal: AbortSignal): Promise<ReadingPlace> {
    const patience = urgent ? setTimeout(() => this.#giveUpYielding(), PATIENCE_MS) : undefined;
    let permit: Permit | null;
    try {
      permit = await this.#semaphore.acquire({ amount: bytes, urgent }, signal);
    } finally {
      clearTimeout(patience);
    }
    if (permit === null) throw signal.reason as Error;
    if (this.#semaphore.held > EASY_BYTES) await Promise.all(this.#holders.map(async (rest) => await rest()));
    const wanted = new AbortController();
    if (yields) this.#yielding.add(wanted);
    return {
      wanted: wanted.signal,
      [Symbol.dispose]: () => {
        this.#yielding.delete(wanted);
        permit[Symbol.dispose]();
      },
    };
  }

  #giveUpYielding(): void {
    for (const wanted of this.#yielding) wanted.abort();
  }
}
