/** A piece of RTF (Rich Text Format 1.9.1). Characters are bytes, one each. */
export type Token =
  | { type: 'open' }
  | { type: 'close' }
  /** A control word with its number, or a control symbol. */
  | { type: 'control'; name: string; value: number | null }
  /** Bytes in the charset of the font. */
  | { type: 'bytes'; bytes: string };

/** Longest name of a control word. */
const MAX_NAME = 32;
const MAX_DIGITS = 10;

const isLetter = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** Reads RTF, given as one character a byte, token by token. */
export class Tokenizer {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  next(): Token | null {
    const source = this.#source;
    while (source[this.#at] === '\r' || source[this.#at] === '\n') this.#at++;
    const char = source[this.#at];
    if (char === undefined) return null;
    if (char === '{' || char === '}') {
      this.#at++;
      return char === '{' ? { type: 'open' } : { type: 'close' };
    }
    return char === '\\' ? this.#control() : this.#text();
  }

  /** Leaves out bytes that are no text. */
  skip(bytes: number): void {
    this.#at = Math.min(this.#source.length, this.#at + Math.max(0, bytes));
  }

  #text(): Token {
    const start = this.#at;
    while (this.#at < this.#source.length && !'\\{}\r\n'.includes(this.#source[this.#at]!)) this.#at++;
    return { type: 'bytes', bytes: this.#source.slice(start, this.#at) };
  }

  #control(): Token {
    const source = this.#source;
    const start = this.#at + 1;
    const first = source[start] ?? '';
    if (first === "'") {
      this.#at = start + 3;
      const code = Number.parseInt(source.slice(start + 1, start + 3), 16);
      return { type: 'bytes', bytes: Number.isNaN(code) ? '' : String.fromCharCode(code) };
    }
    if (!isLetter(first.charCodeAt(0))) {
      this.#at = start + 1;
      return '\\{}'.includes(first)
        ? { type: 'bytes', bytes: first }
        : { type: 'control', name: first, value: null };
    }
    let end = start;
    while (end - start < MAX_NAME && isLetter(source.charCodeAt(end))) end++;
    const name = source.slice(start, end);
    const digits = source[end] === '-' ? end + 1 : end;
    let last = digits;
    while (last - digits < MAX_DIGITS && isDigit(source.charCodeAt(last))) last++;
    const value = last === digits ? null : Number(source.slice(end, last));
    if (last > digits) end = last;
    this.#at = source[end] === ' ' ? end + 1 : end;
    return { type: 'control', name, value };
  }
}
