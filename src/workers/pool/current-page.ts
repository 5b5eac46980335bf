/** Which page of which job. */
export interface PageIdentity {
  account_id: string;
  job_id: string;
  ordinal: number;
}

const TEXT_BYTES = 128;
const INTS = 3;
const BYTES = INTS * Int32Array.BYTES_PER_ELEMENT + TEXT_BYTES;

/**
 * Where a worker thread shows which page it is reading. It is memory that both threads share, so it costs no message, and the main
 * thread can look while the other's event loop stands still, and after it has died.
 */
export class ReadingSign {
  readonly memory: SharedArrayBuffer;
  /** The turn (odd: a page is being read), the page's ordinal, and the length of the text. */
  readonly #ints: Int32Array;
  /** The ids of account and job, a space in between. */
  readonly #text: Buffer;

  constructor(memory = new SharedArrayBuffer(BYTES)) {
    this.memory = memory;
    this.#ints = new Int32Array(memory, 0, INTS);
    this.#text = Buffer.from(memory, INTS * Int32Array.BYTES_PER_ELEMENT);
  }

  /** The thread begins a page; `end` must follow before the next. */
  begin({ account_id, job_id, ordinal }: PageIdentity): void {
    this.#ints[1] = ordinal;
    this.#ints[2] = this.#text.write(`${account_id} ${job_id}`, 'latin1');
    Atomics.add(this.#ints, 0, 1);
  }

  end(): void {
    Atomics.add(this.#ints, 0, 1);
  }

  /** Goes up by one at each beginning and each end. Odd while a page is being read. */
  get turn(): number {
    return Atomics.load(this.#ints, 0);
  }

  /** The page that is being read, or null. Only of use when the thread does not go on meanwhile. */
  get page(): PageIdentity | null {
    if (this.turn % 2 === 0) return null;
    const [account_id, job_id] = this.#text.toString('latin1', 0, this.#ints[2]).split(' ');
    return { account_id: account_id!, job_id: job_id!, ordinal: this.#ints[1]! };
  }
}
