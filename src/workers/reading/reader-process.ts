import { fork, type ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import type { Readable } from 'node:stream';
import { release } from '../../memory/own-memory.ts';
import { PageError, type PageErrorCode } from '../../scrape/types.ts';
import { FRAGMENT_PIPE } from './child/fragment-pipe.ts';
import { FragmentReceiver } from './fragment-receiver.ts';
import {
  HEAP_MB,
  KEPT_RESIDENT_BYTES,
  OUT_OF_TIME,
  RESTING_RESIDENT_BYTES,
  SEMI_SPACE_MB,
} from './limits.ts';
import type { PageReading, ReadRequest } from './page-reading.ts';
import type { FromReader, ToReader } from './child/reader.ts';

const SCRIPT = new URL('./child/reader.ts', import.meta.url);
/** As in `npm start`: glibc then returns what is free, and large blocks at once. */
const ALLOCATOR = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' };
/** The guard kills a reader that grows too much, as systems do that lack memory; V8 aborts. */
const OUT_OF_MEMORY = new Set<NodeJS.Signals>(['SIGKILL', 'SIGABRT']);
const NO_BODY = Buffer.alloc(0);
/** How much of a reader's last output is kept. */
const STDERR_CHARS = 2000;

/** The code of a page at which a reader ended with this signal. */
function codeOf(signal: NodeJS.Signals | null): PageErrorCode {
  if (signal === OUT_OF_TIME) return 'parse_timeout';
  return signal !== null && OUT_OF_MEMORY.has(signal) ? 'too_large' : 'parse_failed';
}

/** A reader that ended before it was ready. */
export class ReaderStartError extends Error {
  override name = 'ReaderStartError';
}

export interface ReaderOptions {
  /**
   * A directory in which compiled code is kept, so that the next reader starts in half the time.
   */
  compileCache: string;
  niceness: number;
}

/**
 * A child process that reads pages, one at a time, and guards its own limits. The main thread
 * starts it: a child of a thread that dies would never be waited for.
 */
export class ReaderProcess implements Disposable {
  readonly #child: ChildProcess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #exited: Promise<void>;
  readonly #fragments: FragmentReceiver;
  #page: PromiseWithResolvers<PageReading> | null = null;
  #resting: PromiseWithResolvers<void> | null = null;
  #ending = false;
  #alive = true;
  #residentBytes = 0;
  #stderr = '';

  constructor({ compileCache, niceness }: ReaderOptions) {
    this.#child = fork(SCRIPT, {
      serialization: 'advanced',
      stdio: ['pipe', 'ignore', 'pipe', 'ipc', 'pipe'],
      execArgv: [`--max-old-space-size=${HEAP_MB}`, `--max-semi-space-size=${SEMI_SPACE_MB}`],
      // Not the parent's, which holds secrets.
      env: { NODE_COMPILE_CACHE: compileCache, ...ALLOCATOR },
    });
    if (niceness > 0 && this.#child.pid !== undefined) setPriority(this.#child.pid, niceness);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS);
    });
    this.#fragments = new FragmentReceiver(this.#child.stdio[FRAGMENT_PIPE] as Readable);
    this.#child.stdin!.on('error', () => {}); // its exit says why it takes no body
    this.#child.on('message', (message: FromReader) => this.#receive(message));
    this.#child.on('error', (error) => this.#end(error.message));
    this.#child.on('exit', (code, signal) => {
      this.#end(`it ended with ${signal ?? code}: ${this.#stderr}`, signal);
      resolve();
    });
    this.#ready.promise.catch(() => {}); // `read` awaits it
  }

  /** Resolves when it can read. Rejects with a ReaderStartError when it ends before. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Whether it may read another page: it is alive, and holds little enough. */
  get reusable(): boolean {
    return this.#alive && this.#residentBytes <= KEPT_RESIDENT_BYTES;
  }

  /** Whether it holds no more than a reader needs that reads nothing. */
  get isSmall(): boolean {
    return this.#residentBytes <= RESTING_RESIDENT_BYTES;
  }

  /** Returns the memory to the system that it does not use. A page may come meanwhile: it waits. */
  async rest(): Promise<void> {
    if (!this.#alive) return;
    if (!this.#resting) {
      this.#resting = Promise.withResolvers();
      this.#send({ type: 'rest' });
    }
    await this.#resting.promise;
  }

  /**
   * Reads a page, and takes its body, unless that is kept. Throws PageError: `too_large`,
   * `parse_timeout` and `parse_failed` where that costs the process; ReaderStartError.
   */
  async read(request: ReadRequest, keepsBody = false): Promise<PageReading> {
    await this.#ready.promise;
    this.#page = Promise.withResolvers();
    try {
      const { body } = request.page;
      const page = { ...request.page, body: NO_BODY };
      this.#send({ type: 'read', request: { ...request, page }, bodyBytes: body.length });
      this.#child.stdin!.write(body, () => {
        if (!keepsBody) release(body);
      });
      return await this.#page.promise;
    } finally {
      this.#page = null;
    }
  }

  #send(message: ToReader): void {
    this.#child.send(message);
  }

  #receive(message: FromReader): void {
    this.#residentBytes = message.residentBytes;
    if (message.type === 'ready') this.#ready.resolve();
    else if (message.type === 'rested') this.#endRest();
    else if (message.type === 'read') void this.#receiveReading(message);
    else this.#page?.reject(new PageError(message.code, { cause: message.cause }));
  }

  async #receiveReading({ reading, fragmentBytes }: Extract<FromReader, { type: 'read' }>): Promise<void> {
    const fragment = await this.#fragments.take(fragmentBytes);
    this.#page?.resolve({ ...reading, fragment });
  }

  #endRest(): void {
    this.#resting?.resolve();
    this.#resting = null;
  }

  #end(reason: string, signal: NodeJS.Signals | null = null): void {
    this.#alive = false;
    this.#ready.reject(new ReaderStartError(reason));
    const code = this.#ending ? 'internal_error' : codeOf(signal);
    this.#page?.reject(new PageError(code, { cause: reason }));
    this.#endRest();
  }

  /** Ends the process; the page that it reads fails with `internal_error`. */
  [Symbol.dispose](): void {
    // A reading may have arrived that it sent before: no other page is to be given to it.
    this.#alive = false;
    this.#ending = true;
    this.#child.kill('SIGKILL');
  }

  /** Resolves when the process has ended. */
  get exited(): Promise<void> {
    return this.#exited;
  }
}
