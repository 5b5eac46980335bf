import { Client, type Dispatcher } from 'undici';
import type { OpenSocket } from './connector.ts';
import { ReadLimitExceeded } from '../errors.ts';

/** The longest a connection waits for its next request where the server names no time of its own. */
const KEEP_ALIVE_MS = 4000;
const MAX_HEADER_BYTES = 32 * 1024;

/** One open HTTP/1.1 connection: one request at a time, no reconnecting. Gone for good once its socket closes. */
export class Connection {
  readonly remoteAddress: string;
  /** Whether it has carried a request before the present one. */
  reused = false;
  readonly #open: OpenSocket;
  readonly #client: Client;
  #readLimit = Infinity;

  constructor(origin: string, open: OpenSocket, onClose: () => void) {
    this.remoteAddress = open.remoteAddress;
    this.#open = open;
    this.#client = createClient(origin, open);
    open.socket.once('close', onClose);
    open.socket.on('readable', () => this.#checkReadLimit());
  }

  get closed(): boolean {
    return this.#open.socket.destroyed;
  }

  /** Sends a request. More than `maxWireBytes` in answer, TLS and chunk framing included, closes the connection. */
  send(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, maxWireBytes: number): void {
    this.#readLimit = this.#open.wire.bytesRead + maxWireBytes;
    this.#client.dispatch(request, handler);
  }

  // With an error, since undici waits for ever for the drain of a body's stream where a socket closes without one.
  destroy(cause: Error): void {
    this.#open.socket.destroy(cause);
  }

  #checkReadLimit(): void {
    if (this.#open.wire.bytesRead > this.#readLimit) this.destroy(new ReadLimitExceeded());
  }
}

/** A client that speaks over this one socket. Its own timeouts are off: the exchange's deadline covers everything. */
function createClient(origin: string, { socket }: OpenSocket): Client {
  let connected = false;
  return new Client(origin, {
    allowH2: false,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    // undici reads the state that the callback leaves behind only if it is called later.
    connect: (_options, callback) => {
      const lost = connected;
      connected = true;
      queueMicrotask(() =>
        lost ? callback(new Error('the connection is gone'), null) : callback(null, socket),
      );
    },
  });
}
