import type { Permit } from '../../limits/permit.ts';
import { Semaphore } from '../../limits/semaphore.ts';

/** A turn rests so many times as long as its page took, and this long at most. */
const REST = 19;
const MAX_REST_MS = 6000;

/**
 * The turns of batches in the browser. A browser takes as much CPU as it gets, so while pages that
 * need none are under way, it renders a twentieth of the time: a turn rests after its page, and the
 * place in the browser is free for others meanwhile.
 */
export class RenderTurns {
  readonly #turns: Semaphore;
  readonly #othersUnderWay: () => boolean;

  constructor(count: number, othersUnderWay: () => boolean) {
    this.#turns = new Semaphore(count);
    this.#othersUnderWay = othersUnderWay;
  }

  /** Waits for a turn. Null when the signal aborts first. */
  async take(signal: AbortSignal): Promise<Permit | null> {
    return await this.#turns.acquire(1, signal);
  }

  /** Gives a turn back, whose page was in the browser for `tookMs`. */
  giveBack(turn: Permit, tookMs: number): void {
    if (!this.#othersUnderWay()) return turn[Symbol.dispose]();
    setTimeout(() => turn[Symbol.dispose](), Math.min(MAX_REST_MS, REST * tookMs)).unref();
  }
}
