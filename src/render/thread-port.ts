import type { MessagePort } from 'node:worker_threads';
import { EgressError, type EgressErrorCode } from '../egress/index.ts';
import { PageError } from '../scrape/types.ts';
import { PageFaultError, type RenderCaller } from './browser-process.ts';
import type { RenderedPage, RenderFault, RenderRequest } from './messages.ts';
import type { Renderer } from './renderer.ts';

type FromThread =
  | { type: 'render'; id: number; request: RenderRequest }
  | { type: 'answer'; id: number; url: string; allowed: boolean }
  | { type: 'stop'; id: number };

type ToThread =
  | { type: 'ask'; id: number; url: string }
  | { type: 'rendered'; id: number; page: RenderedPage }
  | { type: 'failed'; id: number; fault: RenderFault; cause: string };

/** Renders what a worker thread asks for through the port, until the thread ends. */
export function serveRenders(port: MessagePort, renderer: Renderer): void {
  const stops = new Map<number, AbortController>();
  const asked = new Map<string, (allowed: boolean) => void>();
  const send = (message: ToThread) => port.postMessage(message);

  const render = async (id: number, request: RenderRequest) => {
    const stop = new AbortController();
    stops.set(id, stop);
    const mayVisit = async (url: string) => {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      asked.set(`${id} ${url}`, resolve);
      send({ type: 'ask', id, url });
      return await promise;
    };
    try {
      send({ type: 'rendered', id, page: await renderer.render(request, { signal: stop.signal, mayVisit }) });
    } catch (error) {
      const fault = error instanceof PageFaultError ? error.fault : 'internal_error';
      const cause = error instanceof PageFaultError ? error.cause : error;
      send({ type: 'failed', id, fault, cause: String(cause) });
    } finally {
      stops.delete(id);
    }
  };

  port.on('message', (message: FromThread) => {
    if (message.type === 'render') return void render(message.id, message.request);
    if (message.type === 'stop') return stops.get(message.id)?.abort();
    const key = `${message.id} ${message.url}`;
    asked.get(key)?.(message.allowed);
    asked.delete(key);
  });
  port.on('close', () => {
    for (const answer of asked.values()) answer(false);
    for (const stop of stops.values()) stop.abort();
  });
}

interface Waiting {
  caller: RenderCaller;
  outcome: PromiseWithResolvers<RenderedPage>;
}

/** Asks the main thread for rendered pages. */
export class RenderClient {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: ToThread) => this.#receive(message));
    port.unref();
  }

  /** Renders a page. Throws EgressError and PageError as a fetch does. */
  async render(request: RenderRequest, caller: RenderCaller): Promise<RenderedPage> {
    caller.signal.throwIfAborted();
    const id = ++this.#last;
    const outcome = Promise.withResolvers<RenderedPage>();
    this.#waiting.set(id, { caller, outcome });
    const stop = () => this.#send({ type: 'stop', id });
    caller.signal.addEventListener('abort', stop, { once: true });
    try {
      this.#send({ type: 'render', id, request });
      return await outcome.promise;
    } finally {
      caller.signal.removeEventListener('abort', stop);
      this.#waiting.delete(id);
    }
  }

  #receive(message: ToThread): void {
    const waiting = this.#waiting.get(message.id);
    if (message.type === 'ask') return void this.#answer(message, waiting?.caller);
    if (message.type === 'rendered') waiting?.outcome.resolve(message.page);
    else waiting?.outcome.reject(errorOf(message.fault, message.cause));
  }

  async #answer({ id, url }: { id: number; url: string }, caller?: RenderCaller): Promise<void> {
    const allowed = (await caller?.mayVisit(url).catch(() => false)) ?? false;
    this.#send({ type: 'answer', id, url, allowed });
  }

  #send(message: FromThread): void {
    this.#port.postMessage(message);
  }
}

const OF_PAGES = new Set<string>(['robots', 'render_failed', 'render_timeout']);

function errorOf(fault: RenderFault, cause: string): Error {
  return OF_PAGES.has(fault)
    ? new PageError(fault as 'robots' | 'render_failed' | 'render_timeout', { cause })
    : new EgressError(fault as EgressErrorCode, { cause });
}
