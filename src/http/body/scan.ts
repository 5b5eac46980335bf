import { invalidField } from '../../service-error.ts';

export interface ScanLimits {
  /**
   * The most strings, numbers, literals, objects and arrays of a body. Member names count as
   * strings.
   */
  maxTokens: number;
  /**
   * Fields whose text is kept, each with the most bytes that it may have without white space
   * between tokens: top-level ones, and those of an object in a top-level field, as `outer.inner`.
   */
  verbatim: Record<string, number>;
}

/** A stretch of a body, as byte offsets: `end` is exclusive. */
export interface Span {
  start: number;
  end: number;
}

/**
 * The elements of a long top-level array. Cut at `cuts`, the offsets of commas, they come in
 * pieces.
 */
export interface LongArray extends Span {
  cuts: number[];
}

const MAX_DEPTH = 32;
/** The bytes of a piece of a long array, which JSON.parse reads in about a millisecond. */
const PIECE_BYTES = 256 * 1024;
/** No route knows a longer name. */
const MAX_NAME_BYTES = 200;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/**
 * Reads JSON while it arrives and holds it to its limits before anything is built from it: depth,
 * number of tokens, size of fields. Finds where top-level fields and long arrays stand. Does not
 * check the syntax: JSON.parse does that afterwards.
 */
export class JsonScanner {
  /** The last value of each verbatim field. */
  readonly fields = new Map<string, Span>();
  /** The long arrays among the last values of top-level fields. */
  readonly arrays = new Map<string, LongArray>();
  readonly #limits: ScanLimits;
  #offset = 0;
  #depth = 0;
  #tokens = 0;
  #inString = false;
  #escaped = false;
  #inScalar = false;
  #rootIsObject = false;
  /**
   * How deep the members are whose names matter: 1, and 2 within an object that has verbatim
   * fields.
   */
  #memberDepth = 1;
  /** The field that such an object is the value of. */
  #outer: string | null = null;
  /** Among these members, where a member's name comes next. */
  #nameExpected = false;
  #nameBytes: number[] = [];
  #name: string | null = null;
  #valueStart = 0;
  #fieldBytes = 0;
  #fieldLimit = Infinity;
  #array: LongArray | null = null;

  constructor(limits: ScanLimits) {
    this.#limits = limits;
  }

  /**
   * Takes the next bytes. Throws ServiceError `validation_failed` for the first limit that they
   * pass.
   */
  write(chunk: Buffer): void {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (this.#inString) this.#inside(byte);
      else if (isSpace(byte)) this.#inScalar = false;
      else this.#outside(byte);
      this.#offset++;
    }
  }

  #inside(byte: number): void {
    this.#countByte();
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      if (this.#nameExpected) this.#endName();
      return;
    }
    if (this.#nameExpected && this.#nameBytes.length <= MAX_NAME_BYTES) this.#nameBytes.push(byte);
  }

  #outside(byte: number): void {
    switch (byte) {
      case QUOTE:
        this.#countToken();
        this.#inString = true;
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.#open(byte);
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        this.#close();
        break;
      case COMMA:
        this.#comma();
        break;
      case COLON:
        if (this.#depth === this.#memberDepth && this.#name !== null && !this.#nameExpected)
          this.#startValue();
        break;
      default:
        if (!this.#inScalar) this.#countToken();
        this.#inScalar = true;
        this.#countByte();
        return;
    }
    this.#inScalar = false;
    this.#countByte();
  }

  #open(byte: number): void {
    this.#countToken();
    if (this.#depth === 0) {
      this.#rootIsObject = byte === OPEN_OBJECT;
      this.#nameExpected = this.#rootIsObject;
    }
    if (++this.#depth > MAX_DEPTH) throw this.#refused(`must not be nested deeper than ${MAX_DEPTH} levels`);
    if (this.#depth !== 2 || !this.#rootIsObject) return;
    if (byte === OPEN_ARRAY) this.#array = { start: this.#offset + 1, end: 0, cuts: [] };
    else if (this.#name !== null && this.#hasVerbatim(this.#name)) this.#enter(this.#name);
  }

  #hasVerbatim(name: string): boolean {
    return Object.keys(this.#limits.verbatim).some((field) => field.startsWith(`${name}.`));
  }

  /** Reads the members of the object that is the value of a top-level field. */
  #enter(outer: string): void {
    this.#memberDepth = 2;
    this.#outer = outer;
    this.#name = null;
    this.#nameExpected = true;
  }

  #leave(): void {
    this.#endValue();
    this.#memberDepth = 1;
    this.#name = this.#outer;
    this.#outer = null;
    this.#nameExpected = false;
  }

  #close(): void {
    if (this.#depth === 2 && this.#array !== null) {
      this.#array.end = this.#offset;
      if (this.#array.cuts.length > 0 && this.#name !== null) this.arrays.set(this.#name, this.#array);
      this.#array = null;
    }
    if (this.#memberDepth === 2 && this.#depth === 2) this.#leave();
    else if (this.#depth === 1) this.#endValue();
    this.#depth--;
  }

  #comma(): void {
    if (this.#depth === this.#memberDepth) {
      this.#endValue();
      this.#nameExpected = this.#rootIsObject;
    } else if (this.#depth === 2 && this.#array !== null) {
      const { start, cuts } = this.#array;
      if (this.#offset - (cuts.at(-1) ?? start) >= PIECE_BYTES) cuts.push(this.#offset);
    }
  }

  #endName(): void {
    this.#nameExpected = false;
    const name = nameOf(this.#nameBytes);
    this.#name = this.#outer === null || name === null ? name : `${this.#outer}.${name}`;
    this.#nameBytes = [];
  }

  #startValue(): void {
    this.#valueStart = this.#offset + 1;
    this.#fieldBytes = -1;
    const name = this.#name!;
    this.arrays.delete(name);
    for (const field of this.fields.keys()) if (field.startsWith(`${name}.`)) this.fields.delete(field);
    this.#fieldLimit = Object.hasOwn(this.#limits.verbatim, name) ? this.#limits.verbatim[name]! : Infinity;
  }

  #endValue(): void {
    if (this.#fieldLimit !== Infinity)
      this.fields.set(this.#name!, { start: this.#valueStart, end: this.#offset });
    this.#fieldLimit = Infinity;
    this.#name = null;
  }

  #countByte(): void {
    if (++this.#fieldBytes > this.#fieldLimit)
      throw this.#refused(`must have at most ${this.#fieldLimit / 1024} KiB as JSON`);
  }

  #countToken(): void {
    if (++this.#tokens > this.#limits.maxTokens)
      throw this.#refused(`has too many values: the body may have ${this.#limits.maxTokens} in all`);
  }

  #refused(message: string) {
    return invalidField(this.#name ?? '(body)', message);
  }
}

/** A member's name as JSON.parse reads it; null where it is none that a route knows. */
function nameOf(bytes: number[]): string | null {
  if (bytes.length > MAX_NAME_BYTES) return null;
  try {
    return JSON.parse(`"${Buffer.from(bytes).toString('utf8')}"`) as string;
  } catch {
    return null;
  }
}
