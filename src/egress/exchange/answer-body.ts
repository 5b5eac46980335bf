import { BodyCollector, type BodyMemory } from '../body/memory.ts';
import { PROBE_BYTES, type BodyExpectation } from './types.ts';

/** What the body of an answer asks of its connection. */
export interface BodyFlow {
  pause(): void;
  resume(): void;
  /** Time does not count until the promise resolves; what it rejects with ends the exchange. */
  wait(room: Promise<void>): void;
}

/** Takes the body of an answer as it arrives: into memory, or on to who reads it. */
export class AnswerBody {
  readonly #expectation: BodyExpectation;
  readonly #flow: BodyFlow;
  readonly #collector: BodyCollector;
  /** Whether the first bytes have been looked at, or nobody asks for them. */
  #probed: boolean;

  constructor(
    expectation: BodyExpectation,
    flow: BodyFlow,
    options: { memory: BodyMemory | undefined; namedBytes: number },
  ) {
    this.#expectation = expectation;
    this.#flow = flow;
    this.#collector = new BodyCollector({ maxBytes: expectation.maxBytes, ...options });
    this.#probed = expectation.probe === undefined;
  }

  /** Takes a piece; false when it passes what is wanted. Throws what the probe throws. */
  take(bytes: Buffer): boolean {
    const { pipe } = this.#expectation;
    if (pipe) {
      if (!pipe.write(bytes)) {
        this.#flow.pause();
        pipe.onDrain = () => this.#flow.resume();
      }
      return true;
    }
    if (!this.#collector.append(bytes)) return false;
    if (this.#collector.length >= PROBE_BYTES) this.#probe();
    const room = this.#collector.room();
    if (room) this.#flow.wait(room);
    return true;
  }

  /** The body is over. Throws what the probe throws. */
  end(): void {
    this.#probe();
    this.#expectation.pipe?.end();
  }

  /** The body, once, when nothing more comes. */
  finish(): Buffer {
    return this.#collector.finish();
  }

  get length(): number {
    return this.#collector.length;
  }

  #probe(): void {
    if (this.#probed) return;
    this.#probed = true;
    this.#expectation.probe?.(this.#collector.bytes().subarray(0, PROBE_BYTES));
  }
}
