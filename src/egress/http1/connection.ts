import { EgressError, ReadLimitError } from '../errors.ts';
import type { OpenSocket } from '../connect/connector.ts';
import { requestHead, type OutgoingRequest } from './request.ts';
import { ResponseReader, type ResponseHandler } from './response-reader.ts';
import { sendBody, type SendProgress } from './send-body.ts';

/** Handles one exchange over a connection. Nothing is called after `onEnd` or `onClosed`. */
export interface ConnectionUser extends ResponseHandler, SendProgress {
  /** Bytes of the answer have arrived; called for each piece. */
  onBytes(): void;
  /** A streamed body has been handed to the socket whole. */
  onBodySent(): void;
  onEnd(): void;
  /** The connection is gone before the end of the answer. */
  onClosed(cause: Error): void;
}

/** How long a connection waits for its next request where the server names no time of its own. */
const KEEP_ALIVE_MS = 4000;
/** A server's own time is shortened by this: the request must arrive before the server closes. */
const KEEP_ALIVE_MARGIN_MS = 1000;
const MAX_KEEP_ALIVE_MS = 600_000;
/** Bodies up to this size leave in one piece with the head of their request. */
const JOINED_BYTES = 64 * 1024;

/**
 * One open HTTP/1.1 connection: one request at a time, no reconnecting. Gone for good once its
 * socket closes.
 */
export class Connection {
  readonly remoteAddress: string;
  /** Whether it has carried a request before the present one. */
  reused = false;
  /** When it has waited long enough for its next request, on performance.now's clock. */
  expiresAt = 0;
  readonly #open: OpenSocket;
  #user: ConnectionUser | null = null;
  #reader: ResponseReader | null = null;
  #sending = false;
  #readLimit = Infinity;
  #cause: Error | null = null;

  constructor(open: OpenSocket, onClose: () => void) {
    this.remoteAddress = open.remoteAddress;
    this.#open = open;
    const { socket } = open;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('end', () => this.#ended());
    socket.on('error', (error: Error) => (this.#cause ??= error));
    socket.once('close', () => {
      open.place[Symbol.dispose]();
      this.#closed();
      onClose();
    });
  }

  get closed(): boolean {
    return this.#open.socket.destroyed;
  }

  /**
   * Sends a request. More than `maxWireBytes` in answer, TLS and chunk framing included, closes the
   * connection. Throws an EgressError `internal_error` for a header that HTTP forbids.
   */
  send(request: OutgoingRequest, user: ConnectionUser, maxWireBytes: number): void {
    const { socket, wire } = this.#open;
    const head = requestHead(request);
    const { body } = request;
    this.#readLimit = wire.bytesRead + maxWireBytes;
    this.#user = user;
    this.#reader = new ResponseReader(user);
    if (body === null) {
      socket.write(head, 'latin1');
    } else if (!Buffer.isBuffer(body)) {
      this.#sending = true;
      socket.write(head, 'latin1');
      void sendBody(socket, body, user).then(
        () => this.#bodySent(user),
        (error: Error) => this.destroy(error),
      );
    } else if (body.length <= JOINED_BYTES) {
      socket.write(joinedBytes(head, body));
      user.onBytesSent(body.length);
    } else {
      socket.write(head, 'latin1');
      socket.write(body);
      user.onBytesSent(body.length);
    }
  }

  /** Reads nothing until `resume`. What has been read already is still handed on. */
  pause(): void {
    this.#open.socket.pause();
  }

  resume(): void {
    this.#open.socket.resume();
  }

  destroy(cause: Error): void {
    this.#cause ??= cause;
    this.#open.socket.destroy();
  }

  #read(bytes: Buffer): void {
    const user = this.#user;
    // Bytes that nobody asked for would be taken for the answer to the next request.
    if (user === null) return this.destroy(new Error('unasked bytes'));
    user.onBytes();
    try {
      this.#reader!.read(bytes);
    } catch (error) {
      return this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
    if (this.#reader?.over === true) this.#finish(user);
    else if (this.#open.wire.bytesRead > this.#readLimit) this.destroy(new ReadLimitError());
  }

  #ended(): void {
    const user = this.#user;
    if (user !== null && this.#reader!.end()) this.#finish(user);
    this.destroy(new Error('the connection was closed'));
  }

  /** The answer is whole. */
  #finish(user: ConnectionUser): void {
    const keepAliveMs = this.#sending || this.closed ? 0 : keepAliveTime(this.#reader!.keepAliveMs);
    this.#user = null;
    this.#reader = null;
    this.#open.place[Symbol.dispose]();
    this.expiresAt = performance.now() + keepAliveMs;
    if (keepAliveMs === 0) this.destroy(new Error('the connection is not to be used again'));
    // The end of an answer may come with the piece that paused it. The next answer is read.
    else this.resume();
    user.onEnd();
  }

  #bodySent(user: ConnectionUser): void {
    if (this.#user !== user) return;
    this.#sending = false;
    user.onBodySent();
  }

  #closed(): void {
    const user = this.#user;
    this.#user = null;
    user?.onClosed(this.#cause ?? new EgressError('connection_failed'));
  }
}

/** The head, which is Latin-1, and the body behind it. */
function joinedBytes(head: string, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(head.length + body.length);
  bytes.write(head, 'latin1');
  body.copy(bytes, head.length);
  return bytes;
}

function keepAliveTime(hintMs: number | null): number {
  if (hintMs === null) return KEEP_ALIVE_MS;
  return Math.min(Math.max(0, hintMs - KEEP_ALIVE_MARGIN_MS), MAX_KEEP_ALIVE_MS);
}
