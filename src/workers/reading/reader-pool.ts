import { KeyedSemaphore } from '../../limits/keyed-semaphore.ts';
import { Semaphore } from '../../limits/semaphore.ts';
import type { RawPage } from '../../scrape/types.ts';
import { ROOM_BYTES, ROOM_PER_BYTE, SPARE_ROOM_BYTES } from './limits.ts';
import type { PageReading, ReadRequest } from './page-reading.ts';
import { ReaderProcess, ReaderStartError, type ReaderOptions } from './reader-process.ts';

/** A page of this size can make a tree of tens of megabytes. */
const HEAVY_BYTES = 256 * 1024;
/** Types whose text is as large as their bytes. What other files hold may be much larger. */
const TEXT_TYPE = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml)\b)/i;
/** How PDFs and archives begin, whatever type they claim. */
const PACKED = ['%PDF-', 'PK\x03\x04'];
const HEAD_BYTES = 1024;
/** A reader ends, and returns its memory to the system, after being idle for this long. */
const IDLE_MS = 2000;
/** How often to check that. */
const RETIRE_MS = 500;

interface ReaderPoolOptions extends ReaderOptions {
  /** The most readers at once. They are started when they are needed. */
  readers: number;
  /** The most readers that one account may use at once, so that others find one. */
  accountReaders: number;
  /** The most pages read at once that may take much memory. */
  heavy: number;
  /** How long the last one stays idle, if it is small, so that the next page finds it. */
  spareMs: number;
}

/** The readers of one lane. */
export class ReaderPool implements AsyncDisposable {
  readonly #options: ReaderPoolOptions;
  readonly #places: Semaphore;
  readonly #shares: KeyedSemaphore;
  readonly #heavy: Semaphore;
  readonly #heavyShares = new KeyedSemaphore(1);
  /** The idle ones, and since when. The last one is taken first. */
  readonly #idle: { reader: ReaderProcess; since: number }[] = [];
  readonly #all = new Set<ReaderProcess>();
  #retiring: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: ReaderPoolOptions) {
    this.#options = options;
    this.#places = new Semaphore(options.readers);
    this.#shares = new KeyedSemaphore(options.accountReaders);
    this.#heavy = new Semaphore(options.heavy);
  }

  /** Starts a reader where there is none, because pages are on their way. */
  warmUp(): void {
    if (this.#all.size === 0) this.#keep(this.#start());
  }

  /** Reads a page for an account. Throws PageError, and the signal's reason when that aborts. */
  async read(accountId: string, request: ReadRequest, signal: AbortSignal): Promise<PageReading> {
    using _ = await this.#enter(accountId, isHeavy(request.page), signal);
    signal.throwIfAborted();
    try {
      return await this.#readOnce(request, signal);
    } catch (error) {
      if (!(error instanceof ReaderStartError) || signal.aborted) throw error;
      return await this.#readOnce(request, signal);
    }
  }

  /** Waits for a reader, and for a heavy page also for the lane's turn to read one. */
  async #enter(accountId: string, heavy: boolean, signal: AbortSignal): Promise<Disposable> {
    using stack = new DisposableStack();
    if (heavy) {
      stack.use(await this.#heavyShares.acquire(accountId, 1, signal));
      stack.use(await this.#heavy.acquire(1, signal));
    }
    stack.use(await this.#shares.acquire(accountId, 1, signal));
    stack.use(await this.#places.acquire(1, signal));
    return stack.move();
  }

  async #readOnce(request: ReadRequest, signal: AbortSignal): Promise<PageReading> {
    const reader = this.#take(roomFor(request.page));
    const stop = () => reader[Symbol.dispose]();
    signal.addEventListener('abort', stop);
    try {
      return await reader.read(request);
    } finally {
      signal.removeEventListener('abort', stop);
      if (reader.reusable) this.#keep(reader);
      else reader[Symbol.dispose]();
    }
  }

  #take(room: number): ReaderProcess {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (idle.reader.reusable && idle.reader.hasRoomFor(room)) return idle.reader;
      idle.reader[Symbol.dispose]();
    }
    return this.#start();
  }

  #keep(reader: ReaderProcess): void {
    if (this.#closed) return reader[Symbol.dispose]();
    this.#idle.push({ reader, since: performance.now() });
    this.#retiring ??= setInterval(() => this.#retire(), RETIRE_MS).unref();
  }

  /** Ends the readers that have been idle for long. */
  #retire(): void {
    const now = performance.now();
    for (let idle = this.#idle[0]; idle; idle = this.#idle[0]) {
      const isSpare = this.#all.size === 1 && idle.reader.hasRoomFor(SPARE_ROOM_BYTES);
      if (now - idle.since < (isSpare ? this.#options.spareMs : IDLE_MS)) return;
      this.#idle.shift();
      this.#all.delete(idle.reader);
      idle.reader[Symbol.dispose]();
    }
    clearInterval(this.#retiring ?? undefined);
    this.#retiring = null;
  }

  #start(): ReaderProcess {
    const reader = new ReaderProcess(this.#options);
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

/** Whether reading the page may take much memory. */
function isHeavy(page: RawPage): boolean {
  return page.body.length >= HEAVY_BYTES || isPacked(page);
}

/** The memory that the page may take. */
function roomFor(page: RawPage): number {
  return isPacked(page) ? ROOM_BYTES : Math.min(page.body.length * ROOM_PER_BYTE, ROOM_BYTES);
}

/** Whether the content may be larger than the bytes that came. */
function isPacked({ body, contentType }: RawPage): boolean {
  const head = body.subarray(0, HEAD_BYTES);
  return !TEXT_TYPE.test(contentType ?? '') || PACKED.some((beginning) => head.includes(beginning));
}
