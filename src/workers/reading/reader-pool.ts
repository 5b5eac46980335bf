import { KeyedSemaphore } from '../../limits/keyed-semaphore.ts';
import { Semaphore } from '../../limits/semaphore.ts';
import { IdleReaders } from './idle-readers.ts';
import { heavyBytes } from './page-weight.ts';
import type { PageReading, ReadingProgress, ReadRequest } from './page-reading.ts';
import { ReaderProcess, ReaderStartError, type ReaderOptions } from './reader-process.ts';
import type { ReadingMemory } from './reading-memory.ts';

/**
 * How long a page waits for one of the readers there are before another is started. Most pages are
 * read in a few milliseconds; to start a reader takes some 200 ms of CPU time.
 */
const PATIENCE_MS = 50;

interface ReaderPoolOptions extends ReaderOptions {
  /** The most readers at once. They are started when they are needed. */
  readers: number;
  /** The most readers that one account may use at once, so that others find one. */
  accountReaders: number;
  /** What all pools may take together for pages that take much memory. */
  memory: ReadingMemory;
  /** Whether somebody waits for the pages: those of other pools give way to heavy ones. */
  urgent: boolean;
  /** How many of its account's readers a page takes that may take much memory. */
  readersOfHeavy: number;
  /** How long the last one stays idle, if it is small, so that the next page finds it. */
  spareMs: number;
}

/** How a page is read. */
interface Turn {
  accountId: string;
  /** How many of its account's readers it takes. */
  share: number;
  /** Whether its body is kept, because it may be read again. */
  keepsBody: boolean;
  /** Gives it up. */
  signal: AbortSignal;
  /** Called when its reading begins. */
  onBegun: () => void;
}

/** The readers of one lane. They are started one after the other, while pages wait for one. */
export class ReaderPool implements AsyncDisposable {
  readonly #options: ReaderPoolOptions;
  readonly #places: Semaphore;
  readonly #shares: KeyedSemaphore;
  /** Each account has one turn at a time, so that it cannot starve others by many heavy pages. */
  readonly #heavyShares = new KeyedSemaphore(1);
  readonly #all = new Set<ReaderProcess>();
  readonly #idle: IdleReaders;
  /** The pages that wait for a reader. */
  #waiting: PromiseWithResolvers<ReaderProcess>[] = [];
  #starting = false;
  #isPatient = false;
  #closed = false;

  constructor(options: ReaderPoolOptions) {
    this.#options = options;
    this.#idle = new IdleReaders({
      spareMs: options.spareMs,
      count: () => this.#all.size,
      end: (reader) => this.#end(reader),
    });
    options.memory.onHeavy(async () => await this.#idle.restGrown());
    this.#places = new Semaphore(options.readers);
    this.#shares = new KeyedSemaphore(options.accountReaders);
  }

  /** Starts a reader where there is none, because pages are on their way. */
  warmUp(): void {
    if (this.#all.size === 0 && !this.#closed) this.#start();
  }

  /** Reads a page for an account. Throws PageError, and the signal's reason when that aborts. */
  async read(accountId: string, request: ReadRequest, progress: ReadingProgress): Promise<PageReading> {
    let since = performance.now();
    const onBegun = () => {
      progress.onWaited(performance.now() - since);
      since = performance.now();
    };
    const { signal } = progress;
    const turn = { accountId, share: 1, keepsBody: false, signal, onBegun };
    const bytes = heavyBytes(request.page);
    if (bytes === null) return await this.#readInTurn(request, turn);
    using _ = await this.#heavyShares.acquire(accountId, 1, signal);
    return await this.#readHeavy(request, bytes, turn);
  }

  /** A page that gives way is read again, once, and then to its end. */
  async #readHeavy(request: ReadRequest, bytes: number, turn: Turn): Promise<PageReading> {
    const { urgent, memory, readersOfHeavy: share } = this.#options;
    for (let yields = !urgent; ; yields = false) {
      using place = await memory.enter({ bytes, urgent, yields }, turn.signal);
      const signal = AbortSignal.any([turn.signal, place.wanted]);
      try {
        return await this.#readInTurn(request, { ...turn, share, keepsBody: yields, signal });
      } catch (error) {
        if (turn.signal.aborted || !place.wanted.aborted) throw error;
      }
    }
  }

  async #readInTurn(request: ReadRequest, turn: Turn): Promise<PageReading> {
    using _ = await this.#enter(turn);
    try {
      return await this.#readOnce(request, turn);
    } catch (error) {
      if (!(error instanceof ReaderStartError) || turn.signal.aborted) throw error;
      return await this.#readOnce(request, turn);
    }
  }

  /** Waits for a reader, and for the account's turn to use one or more. */
  async #enter({ accountId, share, signal }: Turn): Promise<Disposable> {
    using stack = new DisposableStack();
    stack.use(await this.#shares.acquire(accountId, share, signal));
    stack.use(await this.#places.acquire(1, signal));
    signal.throwIfAborted();
    return stack.move();
  }

  async #readOnce(request: ReadRequest, { signal, onBegun, keepsBody }: Turn): Promise<PageReading> {
    const reader = await this.#take(signal);
    onBegun();
    const stop = () => reader[Symbol.dispose]();
    signal.addEventListener('abort', stop);
    try {
      return await reader.read(request, keepsBody);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#offer(reader);
    }
  }

  /**
   * Takes an idle reader, or waits for one. Throws ReaderStartError, and the signal's reason when
   * that aborts.
   */
  async #take(signal: AbortSignal): Promise<ReaderProcess> {
    if (this.#closed) throw new ReaderStartError('the readers have ended');
    const idle = this.#idle.take();
    if (idle !== null) return idle;
    const waiter = Promise.withResolvers<ReaderProcess>();
    this.#waiting.push(waiter);
    const giveUp = () => {
      this.#waiting = this.#waiting.filter((one) => one !== waiter);
      waiter.reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp);
    this.#startAnother();
    try {
      const reader = await waiter.promise;
      if (signal.aborted) this.#offer(reader);
      signal.throwIfAborted();
      return reader;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Gives a reader that is free to the page that has waited longest, or keeps it. */
  #offer(reader: ReaderProcess): void {
    if (!reader.reusable) {
      this.#end(reader);
      this.#startAnother();
    } else if (this.#waiting.length > 0) this.#waiting.shift()!.resolve(reader);
    else if (this.#closed) reader[Symbol.dispose]();
    else this.#idle.keep(reader);
  }

  #start(): void {
    const reader = new ReaderProcess(this.#options);
    this.#starting = true;
    this.#all.add(reader);
    void reader.exited.then(() => this.#all.delete(reader));
    const started = (error?: unknown) => {
      this.#starting = false;
      if (error !== undefined) this.#waiting.shift()?.reject(error);
      this.#offer(reader);
      this.#startAnother();
    };
    reader.ready.then(() => started(), started);
  }

  /**
   * Starts a reader for the pages that wait, unless one is starting: at once where there is none,
   * else if pages still wait after a while.
   */
  #startAnother(): void {
    if (!this.#lacksReader()) return;
    if (this.#all.size === 0) return this.#start();
    if (this.#isPatient) return;
    this.#isPatient = true;
    setTimeout(() => {
      this.#isPatient = false;
      if (this.#lacksReader()) this.#start();
    }, PATIENCE_MS).unref();
  }

  #lacksReader(): boolean {
    return this.#waiting.length > 0 && !this.#starting && !this.#closed;
  }

  #end(reader: ReaderProcess): void {
    this.#all.delete(reader);
    reader[Symbol.dispose]();
  }

  /** Ends every reader; pages that are being read fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const reader of this.#all) reader[Symbol.dispose]();
    for (const { reject } of this.#waiting.splice(0)) reject(new ReaderStartError('the readers have ended'));
    await Promise.all(this.#all.values().map((reader) => reader.exited));
  }
}
