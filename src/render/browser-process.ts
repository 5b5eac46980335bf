import { fork, type ChildProcess } from 'node:child_process';
import { makeBrowserFolder } from './browser-folder.ts';
import { clearUp } from './leftovers.ts';
import {
  PROGRAMS,
  type BrowserSettings,
  type FromBrowser,
  type RenderedPage,
  type RenderFault,
  type RenderRequest,
  type ToBrowser,
} from './messages.ts';

const SCRIPT = new URL('./child/main.ts', import.meta.url);
/** Enough for the largest picture: see child/files.ts. */
const HEAP_MB = 256;
/**
 * A browser is replaced after this many pages, or when it takes this much memory: pages leave some
 * behind.
 */
const MAX_PAGES = 400;
const MAX_RESIDENT_BYTES = 900 * 1024 * 1024;
/** How long after a page's time a browser that says nothing of it counts as stuck. */
const STUCK_MS = 10_000;
/** How long a process may take to end before it is killed. */
const END_LIMIT_MS = 5000;
const STDERR_CHARS = 2000;

/** The browser did not start. No page is the cause: it had none yet. */
export class BrowserStartError extends Error {
  override name = 'BrowserStartError';
}

/** The browser ended while it rendered the page. */
export class BrowserLostError extends Error {
  override name = 'BrowserLostError';
}

/** The page was not rendered, and the browser is well. */
export class PageFaultError extends Error {
  override name = 'PageFaultError';
  readonly fault: RenderFault;
  constructor(fault: RenderFault, cause: string) {
    super(fault, { cause });
    this.fault = fault;
  }
}

/** When a rendering gives up, and who decides where its page may go. */
export interface RenderCaller {
  signal: AbortSignal;
  mayVisit: (url: string) => Promise<boolean>;
}

interface Rendering {
  caller: RenderCaller;
  outcome: PromiseWithResolvers<RenderedPage>;
}

/**
 * A process that owns one browser. It has a process group of its own, so that a signal to the
 * service's group leaves it time to clean up.
 */
export class BrowserProcess {
  readonly #child: ChildProcess;
  readonly #ready = Promise.withResolvers<{ guarded: boolean }>();
  readonly #exited = Promise.withResolvers<void>();
  readonly #renderings = new Map<number, Rendering>();
  #pages = 0;
  #residentBytes = 0;
  #alive = true;
  #retired = false;
  #stderr = '';

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARS);
    });
    child.on('message', (message: FromBrowser) => this.#receive(message));
    const clear = () => void clearUp(directory).then(this.#exited.resolve);
    child.on('error', (error) => {
      this.#lost(error.message);
      // A process that could not be made does not exit.
      if (child.pid === undefined) clear();
    });
    child.on('exit', (code, signal) => {
      this.#lost(`the browser's process ended with ${signal ?? code}: ${this.#stderr}`);
      clear();
    });
    this.#ready.promise.catch(() => {}); // `render` awaits it
  }

  /** Starts a browser. Where it fails, `ready` rejects, and so does every `render`. */
  static async start(settings: Omit<BrowserSettings, 'directory'>): Promise<BrowserProcess> {
    const directory = await makeBrowserFolder(settings);
    const child = fork(SCRIPT, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
      execArgv: [`--max-old-space-size=${HEAP_MB}`, '--max-semi-space-size=8'],
      // Not the parent's, which holds secrets.
      env: { PATH: PROGRAMS, TMPDIR: directory, HOME: directory },
    });
    const process = new BrowserProcess(child, directory);
    process.#send({ type: 'start', settings: { ...settings, directory } });
    return process;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Resolves when the browser has started, and says whether all its connections go through egress.
   * Rejects with BrowserStartError where it does not start.
   */
  get ready(): Promise<{ guarded: boolean }> {
    return this.#ready.promise;
  }

  /** Whether another page may be given to it. */
  get usable(): boolean {
    const isSmall = this.#pages < MAX_PAGES && this.#residentBytes < MAX_RESIDENT_BYTES;
    return this.#alive && !this.#retired && isSmall;
  }

  /** Renders a page. Throws PageFaultError, BrowserLostError and BrowserStartError. */
  async render(request: RenderRequest, caller: RenderCaller): Promise<RenderedPage> {
    const id = ++this.#pages;
    const outcome = Promise.withResolvers<RenderedPage>();
    this.#renderings.set(id, { caller, outcome });
    const stop = () => this.#send({ type: 'stop', id });
    let stuck: NodeJS.Timeout | undefined;
    try {
      await this.#ready.promise;
      if (caller.signal.aborted) throw new PageFaultError('cancelled', 'nobody waits for it');
      caller.signal.addEventListener('abort', stop, { once: true });
      this.#send({ type: 'render', id, request });
      stuck = setTimeout(() => this.#child.kill('SIGKILL'), request.timeoutMs + STUCK_MS);
      return await outcome.promise;
    } finally {
      clearTimeout(stuck);
      caller.signal.removeEventListener('abort', stop);
      this.#renderings.delete(id);
      this.#stopIfDone();
    }
  }

  #receive(message: FromBrowser): void {
    if (message.type === 'ready') return this.#ready.resolve({ guarded: message.guarded });
    if (message.type === 'failed_to_start') {
      this.#lost(message.reason);
      return this.stop();
    }
    const rendering = this.#renderings.get(message.id);
    if (message.type === 'ask') return void this.#ask(message, rendering?.caller);
    if (message.type === 'failed')
      return rendering?.outcome.reject(new PageFaultError(message.fault, message.cause));
    this.#residentBytes = message.residentBytes;
    rendering?.outcome.resolve(message.page);
  }

  async #ask({ question, url }: { question: number; url: string }, caller?: RenderCaller): Promise<void> {
    const allowed = (await caller?.mayVisit(url).catch(() => false)) ?? false;
    this.#send({ type: 'answer', question, allowed });
  }

  #send(message: ToBrowser): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #lost(reason: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#ready.reject(new BrowserStartError(reason)); // unless it has started
    const error = new BrowserLostError(reason);
    for (const { outcome } of this.#renderings.values()) {
      outcome.promise.catch(() => {});
      outcome.reject(error);
    }
  }

  /** Gives the browser no other page, and ends it with its last one. */
  retire(): void {
    this.#retired = true;
    this.#stopIfDone();
  }

  #stopIfDone(): void {
    if (this.#retired && this.#renderings.size === 0) this.stop();
  }

  /** Ends the browser. Pages under way are lost. */
  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
    const last = setTimeout(() => this.#child.kill('SIGKILL'), END_LIMIT_MS);
    void this.#exited.promise.then(() => clearTimeout(last));
  }

  /** Resolves when the process has ended and its files are removed. */
  get exited(): Promise<void> {
    return this.#exited.promise;
  }
}
