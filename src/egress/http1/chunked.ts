import { InvalidAnswerError } from '../errors.ts';

const MAX_TRAILER_BYTES = 64 * 1024;
/** A further digit would pass what a number holds exactly; leading zeros are none. */
const LARGEST_SIZE = 2 ** 48;
const [LF, CR] = [0x0a, 0x0d];

/**
 * Takes the content out of a chunked body (RFC 9112, section 7.1) as it arrives; trailers are read
 * and dropped.
 */
export class ChunkedBody {
  /** Whether a line has ended with a line feed alone. */
  lenient = false;
  fault: InvalidAnswerError | null = null;
  #state: 'size' | 'extension' | 'data' | 'dataEnd' | 'trailers' | 'over' = 'size';
  #size = 0;
  #digits = 0;
  #afterCr = false;
  #lineBytes = 0;
  #trailerBytes = 0;

  get over(): boolean {
    return this.#state === 'over';
  }

  /** Whether the last chunk has come: only trailers and the final line may be missing then. */
  get contentOver(): boolean {
    return this.#state === 'over' || this.#state === 'trailers';
  }

  /**
   * The content in `bytes`, which may be changed, and where the body ends in them: `bytes.length`
   * where it goes on. What breaks the framing is left in `fault`, and nothing is taken from there
   * on.
   */
  take(bytes: Buffer): { content: Buffer; end: number } {
    let at = 0;
    let start = 0;
    let filled = 0;
    while (at < bytes.length && this.#state !== 'over' && this.fault === null) {
      if (this.#state !== 'data') {
        this.#line(bytes[at++]!);
        continue;
      }
      const taken = Math.min(this.#size, bytes.length - at);
      // The content of later chunks moves up to that of the first, so that one piece is handed on.
      if (filled === 0) start = at;
      else bytes.copyWithin(start + filled, at, at + taken);
      filled += taken;
      at += taken;
      this.#size -= taken;
      if (this.#size === 0) this.#enter('dataEnd');
    }
    return { content: bytes.subarray(start, start + filled), end: at };
  }

  #line(byte: number): void {
    if (byte === LF) {
      if (!this.#afterCr) this.lenient = true;
      this.#afterCr = false;
      return this.#lineEnd();
    }
    if (this.#state === 'trailers' && ++this.#trailerBytes > MAX_TRAILER_BYTES)
      return this.#break('endless trailers');
    if (byte === CR) {
      this.#afterCr = true;
      return;
    }
    this.#afterCr = false;
    this.#lineBytes++;
    if (this.#state === 'size') return this.#sizeByte(byte);
    if (this.#state === 'dataEnd') return this.#break('a chunk longer than its size');
  }

  #sizeByte(byte: number): void {
    const digit = Number.parseInt(String.fromCharCode(byte), 16);
    if (Number.isNaN(digit)) {
      if (byte !== 0x3b && byte !== 0x20 && byte !== 0x09) return this.#break('a chunk without size');
      if (this.#digits > 0) this.#state = 'extension';
      return;
    }
    this.#digits++;
    if (this.#size >= LARGEST_SIZE) return this.#break('a chunk too large');
    this.#size = this.#size * 16 + digit;
  }

  #break(reason: string): void {
    this.fault = new InvalidAnswerError(reason);
  }

  #lineEnd(): void {
    if (this.#state === 'dataEnd') return this.#enter('size');
    if (this.#state === 'trailers') {
      if (this.#lineBytes === 0) this.#state = 'over';
      this.#lineBytes = 0;
      return;
    }
    if (this.#digits === 0) return this.#break('a chunk without size');
    this.#enter(this.#size === 0 ? 'trailers' : 'data');
  }

  #enter(state: 'size' | 'data' | 'dataEnd' | 'trailers'): void {
    this.#state = state;
    this.#digits = 0;
    this.#lineBytes = 0;
    if (state === 'size') this.#size = 0;
  }
}
