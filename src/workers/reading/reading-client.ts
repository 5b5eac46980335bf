import type { MessagePort } from 'node:worker_threads';
import { movable } from '../../memory/own-memory.ts';
import { PageError, type PageErrorCode } from '../../scrape/types.ts';
import type { PageReading, ReadingProgress, ReadRequest } from './page-reading.ts';

/** What a worker thread asks of the main thread, which owns the readers. */
export type ToReaders =
  { type: 'read'; id: number; accountId: string; request: ReadRequest } | { type: 'give_up'; id: number };
export type FromReaders = (
  { type: 'read'; reading: PageReading } | { type: 'failed'; code: PageErrorCode; cause: string }
) & {
  id: number;
  /** The milliseconds that the page has waited for others. */
  waitedMs: number;
};

interface Waiting extends PromiseWithResolvers<PageReading> {
  onWaited: ReadingProgress['onWaited'];
}

/** Has the main thread's readers read the pages of a worker thread. */
export class ReadingClient implements Disposable {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: FromReaders) => this.#receive(message));
  }

  /**
   * Reads a page for an account; its body moves to the main thread. Throws PageError, and the
   * signal's reason when that aborts.
   */
  async read(
    accountId: string,
    request: ReadRequest,
    { signal, onWaited }: ReadingProgress,
  ): Promise<PageReading> {
    signal.throwIfAborted();
    const id = ++this.#last;
    const waiting = { ...Promise.withResolvers<PageReading>(), onWaited };
    this.#waiting.set(id, waiting);
    const giveUp = () => {
      this.#send({ type: 'give_up', id });
      waiting.reject(signal.reason as Error);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      const body = Buffer.from(movable(request.page.body).buffer);
      const page = { ...request.page, body };
      this.#send({ type: 'read', id, accountId, request: { ...request, page } }, body.buffer);
      return await waiting.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
      this.#waiting.delete(id);
    }
  }

  #send(message: ToReaders, moved?: ArrayBuffer): void {
    this.#port.postMessage(message, moved ? [moved] : []);
  }

  #receive(message: FromReaders): void {
    const waiting = this.#waiting.get(message.id);
    waiting?.onWaited(message.waitedMs);
    if (message.type === 'read') waiting?.resolve(message.reading);
    else waiting?.reject(new PageError(message.code, { cause: message.cause }));
  }

  [Symbol.dispose](): void {
    this.#port.close();
  }
}
