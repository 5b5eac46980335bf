import { KeyedSemaphore } from '../../limits/keyed-semaphore.ts';
import { Semaphore } from '../../limits/semaphore.ts';
import type { SharedSemaphore } from '../../limits/shared-semaphore.ts';
import type { PageReading, ReadRequest } from './read-page.ts';
import { ReaderProcess, ReaderStartError } from './reader-process.ts';

/** A page of this size can make a tree of tens of megabytes; so can any document. */
const HEAVY_BYTES = 256 * 1024;
/** A reader that has nothing to do ends after this, which returns its memory to the system. */
const IDLE_MS = 2000;

interface ReaderPoolOptions {
  /** Readers at once. They are started when they are needed. */
  readers: number;
  /** The readers that one account may use at once, so that others find one. */
  accountReaders: number;
  /** Readers that stay when there is nothing to do. */
  spare: number;
  /** Large pages that the lane reads at once, over all its threads. */
  heavy: SharedSemaphore;
  compileCache: string;
}

interface IdleReader {
  reader: ReaderProcess;
  retire: NodeJS.Timeout;
}

/** The readers of one thread. */
export class ReaderPool implements AsyncDisposable {
  readonly #options: ReaderPoolOptions;
  readonly #places: Semaphore;
  readonly #shares: KeyedSemaphore;
  readonly #heavyShares = new KeyedSemaphore(1);
  readonly #idle: IdleReader[] = [];
  readonly #all = new Set<ReaderProcess>();
  #closed = false;

  constructor(options: ReaderPoolOptions) {
    this.#options = options;
    this.#places = new Semaphore(options.readers);
    this.#shares = new KeyedSemaphore(options.accountReaders);
    for (let i = 0; i < options.spare; i++) this.#keep(this.#start());
  }

  /** Reads a page for an account. Throws PageError, and the signal's reason when that aborts. */
  async read(accountId: string, request: ReadRequest, signal: AbortSignal): Promise<PageReading> {
    using _ = await this.#enter(accountId, request.page.body.length >= HEAVY_BYTES, signal);
    signal.throwIfAborted();
    try {
      return await this.#readOnce(request, signal);
    } catch (error) {
      if (!(error instanceof ReaderStartError)) throw error;
      return await this.#readOnce(request, signal);
    }
  }

  /** Waits for a reader, and where the page is heavy for the lane's turn to read one. */
  async #enter(accountId: string, heavy: boolean, signal: AbortSignal): Promise<Disposable> {
    using stack = new DisposableStack();
    if (heavy) {
      stack.use(await this.#heavyShares.acquire(accountId, 1, signal));
      stack.use(await this.#options.heavy.acquire(1, signal));
    }
    stack.use(await this.#shares.acquire(accountId, 1, signal));
    stack.use(await this.#places.acquire(1, signal));
    return stack.move();
  }

  async #readOnce(request: ReadRequest, signal: AbortSignal): Promise<PageReading> {
    const reader = this.#take();
    const stop = () => reader[Symbol.dispose]();
    signal.addEventListener('abort', stop);
    try {
      return await reader.read(request);
    } finally {
      signal.removeEventListener('abort', stop);
      if (reader.reusable) this.#keep(reader);
      else {
        reader[Symbol.dispose]();
        if (this.#idle.length < this.#options.spare) this.#keep(this.#start());
      }
    }
  }

  #take(): ReaderProcess {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      clearTimeout(idle.retire);
      if (idle.reader.reusable) return idle.reader;
    }
    return this.#start();
  }

  #keep(reader: ReaderProcess): void {
    if (this.#closed) return reader[Symbol.dispose]();
    this.#idle.push({ reader, retire: setTimeout(() => this.#retire(reader), IDLE_MS).unref() });
  }

  #retire(reader: ReaderProcess): void {
    if (this.#idle.length <= this.#options.spare) return;
    const index = this.#idle.findIndex((idle) => idle.reader === reader);
    if (index === -1) return;
    this.#idle.splice(index, 1);
    reader[Symbol.dispose]();
  }

  #start(): ReaderProcess {
    const reader = new ReaderProcess(this.#options.compileCache);
    this.#all.add(reader);
    void reader.exited.then(() => this.#all.delete(reader));
    return reader;
  }

  /** Ends every reader; pages that are being read fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const all = [...this.#all];
    for (const reader of all) reader[Symbol.dispose]();
    await Promise.all(all.map((reader) => reader.exited));
  }
}
