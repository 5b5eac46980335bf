import { BodyCollector } from '../body/memory.ts';
import { InvalidAnswerError } from '../errors.ts';
import { ChunkedBody } from './chunked.ts';
import { MAX_HEAD_BYTES, parseHead, type ResponseHead } from './head.ts';

/** Takes an answer as it arrives. */
export interface ResponseHandler {
  /**
   * Called with each head: any number of informational ones (1xx), then the final one. May throw.
   */
  onHead(head: ResponseHead): void;
  onData(bytes: Buffer): void;
}

const [LF, CR] = [0x0a, 0x0d];
const EMPTY = Buffer.alloc(0);

/**
 * Reads one answer (RFC 9112) from the bytes of a connection, its informational answers included.
 */
export class ResponseReader {
  readonly #handler: ResponseHandler;
  #head: ResponseHead | null = null;
  /** The beginning of a head that has not arrived whole. */
  #pending: BodyCollector | null = null;
  #headBytes = 0;
  #left = 0;
  #chunked: ChunkedBody | null = null;
  #over = false;
  #surplus = false;

  constructor(handler: ResponseHandler) {
    this.#handler = handler;
  }

  get over(): boolean {
    return this.#over;
  }

  /**
   * How long the connection may wait for its next request in milliseconds: null where the server
   * does not say, and 0 where it must not be used again, as after an answer that breaks the grammar
   * or is followed by other bytes.
   */
  get keepAliveMs(): number | null {
    if (!this.#over || this.#head === null || !this.#head.keepAlive || this.#head.lenient) return 0;
    if (this.#surplus || this.#head.length === 'connection' || this.#chunked?.lenient === true) return 0;
    return this.#head.keepAliveMs;
  }

  /**
   * Takes bytes that have arrived. Throws InvalidAnswerError, or what the handler's `onHead` threw.
   */
  read(bytes: Buffer): void {
    let rest = bytes;
    while (rest.length > 0 && !this.#over)
      rest = this.#head === null ? this.#readHead(rest) : this.#readBody(rest);
    if (rest.length > 0) this.#surplus = true;
  }

  /** Called when the connection has ended. Returns whether the answer is complete. */
  end(): boolean {
    if (this.#over || this.#head === null) return this.#over;
    if (this.#head.length !== 'connection' && this.#chunked?.contentOver !== true) return false;
    this.#over = true;
    return true;
  }

  #readHead(bytes: Buffer): Buffer {
    const known = this.#pending?.length ?? 0;
    const all = this.#withPending(bytes);
    // Some servers send one line break too many after the previous answer.
    const start = blankBytes(all);
    const end = endOfHead(all, Math.max(start, known - 3));
    if ((end === -1 ? all.length : end) + this.#headBytes > MAX_HEAD_BYTES)
      throw new InvalidAnswerError('a head too large');
    if (end === -1) {
      if (!mayBeHttp(all, start)) throw new InvalidAnswerError('no status line');
      this.#pending ??= startPending(bytes);
      return EMPTY;
    }
    this.#pending = null;
    this.#headBytes += end;
    const head = parseHead(all.subarray(start, end));
    this.#begin(start > 0 ? { ...head, lenient: true } : head);
    return bytes.subarray(end - known);
  }

  /** All bytes of the head so far. Most heads arrive in one piece and are not copied. */
  #withPending(bytes: Buffer): Buffer {
    if (this.#pending === null) return bytes;
    this.#pending.append(bytes);
    return this.#pending.bytes();
  }

  #begin(head: ResponseHead): void {
    this.#handler.onHead(head);
    if (head.status < 200) return;
    this.#head = head;
    if (head.length === 'chunked') this.#chunked = new ChunkedBody();
    else if (head.length !== 'connection') this.#left = head.length;
    this.#over = head.length === 0;
  }

  #readBody(bytes: Buffer): Buffer {
    if (this.#head!.length === 'connection') {
      this.#handler.onData(bytes);
      return EMPTY;
    }
    if (this.#chunked) {
      const { content, end } = this.#chunked.take(bytes);
      if (content.length > 0) this.#handler.onData(content);
      if (this.#chunked.fault) throw this.#chunked.fault;
      this.#over = this.#chunked.over;
      return bytes.subarray(end);
    }
    const content = bytes.subarray(0, this.#left);
    this.#left -= content.length;
    this.#handler.onData(content);
    this.#over = this.#left === 0;
    return bytes.subarray(content.length);
  }
}

function startPending(bytes: Buffer): BodyCollector {
  const pending = new BodyCollector({ maxBytes: MAX_HEAD_BYTES + 1 });
  pending.append(bytes);
  return pending;
}

function mayBeHttp(bytes: Buffer, start: number): boolean {
  const beginning = bytes.toString('latin1', start, start + 5).toLowerCase();
  return 'http/'.startsWith(beginning);
}

function blankBytes(bytes: Buffer): number {
  let at = 0;
  while (bytes[at] === CR || bytes[at] === LF) at++;
  return at;
}

/** The index behind the empty line that ends a head, or -1. */
function endOfHead(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(LF, from); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}
