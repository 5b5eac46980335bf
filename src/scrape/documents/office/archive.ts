import { Inflate } from 'fflate';
import { markedUtf16 } from '../../../crawl/encoding.ts';
import { PageError } from '../../types.ts';

const MIB = 1024 * 1024;
const MAX_ENTRIES = 10_000;
/** All that is unpacked of one document. */
const MAX_UNPACKED_BYTES = 64 * MIB;
/** No text packs this well: what does, beyond the first megabyte, is a bomb. */
const MAX_RATIO = 400;
/** Maximum number of elements and texts that are read of one document. */
const MAX_NODES = 1_000_000;
/** Deflate makes at most 1,032 bytes of one, so a step makes at most 8 MiB. */
const STEP_BYTES = 8 * 1024;

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const UNKNOWN_16 = 0xffff;
const UNKNOWN_32 = 0xffffffff;

interface Entry {
  name: string;
  encrypted: boolean;
  method: number;
  packedBytes: number;
  offset: number;
}

/**
 * A ZIP file (APPNOTE 6.3, ZIP64 included) in memory. It unpacks what is asked for, within bounds.
 */
export class Archive {
  readonly #body: Buffer;
  readonly #entries = new Map<string, Entry>();
  #unpackedBytes = 0;
  #nodes = 0;

  /** Throws PageError `parse_failed` where the directory cannot be read. */
  constructor(body: Buffer) {
    this.#body = body;
    for (const entry of directoryOf(body)) {
      const key = keyOf(entry.name);
      if (!this.#entries.has(key)) this.#entries.set(key, entry);
    }
  }

  has(name: string): boolean {
    return this.#entries.has(keyOf(name));
  }

  /**
   * Counts an element or a text that is kept. Throws PageError `too_large` where there are too
   * many.
   */
  countNode(): void {
    if (++this.#nodes > MAX_NODES) throw new PageError('too_large');
  }

  /** The text of an entry, or null where there is none. */
  text(name: string): string | null {
    const pieces: string[] = [];
    return this.read(name, (piece) => void pieces.push(piece)) ? pieces.join('') : null;
  }

  /**
   * Unpacks an entry as text, piece by piece. `take` ends it by returning false. Returns whether
   * the entry exists. Throws PageError: `too_large`, `document_encrypted`, `parse_failed`.
   */
  read(name: string, take: (piece: string) => boolean | void): boolean {
    const entry = this.#entries.get(keyOf(name));
    if (entry === undefined) return false;
    if (entry.encrypted) throw new PageError('document_encrypted');
    let decoder: InstanceType<typeof TextDecoder> | null = null;
    for (const bytes of this.#unpack(entry)) {
      // XML is in UTF-8, or begins with the byte order mark of UTF-16.
      decoder ??= new TextDecoder(markedUtf16(bytes) ?? 'utf-8');
      if (take(decoder.decode(bytes, { stream: true })) === false) return true;
    }
    if (decoder !== null) take(decoder.decode());
    return true;
  }

  *#unpack(entry: Entry): Generator<Uint8Array> {
    const packed = this.#packed(entry);
    let unpacked = 0;
    for (const bytes of entry.method === 0 ? [packed] : inflated(packed)) {
      unpacked += bytes.length;
      this.#unpackedBytes += bytes.length;
      const isBomb = unpacked > MIB && unpacked > MAX_RATIO * packed.length;
      if (isBomb || this.#unpackedBytes > MAX_UNPACKED_BYTES) throw new PageError('too_large');
      yield bytes;
    }
  }

  /** The bytes of an entry as they are packed. */
  #packed({ offset, method, packedBytes }: Entry): Uint8Array {
    const body = this.#body;
    if (method !== 0 && method !== 8) throw broken('unknown compression');
    if (offset + 30 > body.length || body.readUInt32LE(offset) !== LOCAL) throw broken('no such entry');
    const start = offset + 30 + body.readUInt16LE(offset + 26) + body.readUInt16LE(offset + 28);
    return body.subarray(start, start + packedBytes);
  }
}

function broken(cause: string): PageError {
  return new PageError('parse_failed', { cause });
}

/** Names of entries differ by more than case and the direction of slashes. */
function keyOf(name: string): string {
  return name.replaceAll('\\', '/').replace(/^\/+/, '').toLowerCase();
}

function* inflated(packed: Uint8Array): Generator<Uint8Array> {
  let made: Uint8Array[] = [];
  const inflate = new Inflate((bytes) => void made.push(bytes));
  for (let at = 0; at < packed.length; at += STEP_BYTES) {
    inflate.push(packed.subarray(at, at + STEP_BYTES), at + STEP_BYTES >= packed.length);
    yield* made;
    made = [];
  }
}

interface Directory {
  entries: number;
  start: number;
  /** How many bytes stand before the archive: offsets do not count them. */
  shift: number;
}

function findDirectory(body: Buffer): Directory {
  const lowest = Math.max(0, body.length - 22 - 0xffff);
  for (let at = body.length - 22; at >= lowest; at--) {
    if (body.readUInt32LE(at) !== END) continue;
    const entries = body.readUInt16LE(at + 10);
    const length = body.readUInt32LE(at + 12);
    const offset = body.readUInt32LE(at + 16);
    if (entries === UNKNOWN_16 || length === UNKNOWN_32 || offset === UNKNOWN_32) {
      const large = findDirectory64(body, at - 20);
      if (large !== null) return large;
    }
    const shift = Math.max(0, at - length - offset);
    return { entries, start: offset + shift, shift };
  }
  throw broken('no directory');
}

function findDirectory64(body: Buffer, locator: number): Directory | null {
  if (locator < 0 || body.readUInt32LE(locator) !== LOCATOR_64) return null;
  const at = Number(body.readBigUInt64LE(locator + 8));
  if (at + 56 > body.length || body.readUInt32LE(at) !== END_64) throw broken('no directory');
  const entries = Number(body.readBigUInt64LE(at + 32));
  return { entries, start: Number(body.readBigUInt64LE(at + 48)), shift: 0 };
}

function directoryOf(body: Buffer): Entry[] {
  const { entries: count, start, shift } = findDirectory(body);
  if (count > MAX_ENTRIES) throw new PageError('too_large');
  const entries: Entry[] = [];
  for (let at = start; entries.length < count;) {
    if (at + 46 > body.length || body.readUInt32LE(at) !== CENTRAL) break;
    const nameEnd = at + 46 + body.readUInt16LE(at + 28);
    const extraEnd = nameEnd + body.readUInt16LE(at + 30);
    const [packedBytes, offset] = placeOf(body, at, body.subarray(nameEnd, extraEnd));
    entries.push({
      name: body.toString('utf8', at + 46, nameEnd),
      encrypted: (body.readUInt16LE(at + 8) & 1) === 1,
      method: body.readUInt16LE(at + 10),
      packedBytes,
      offset: offset + shift,
    });
    at = extraEnd + body.readUInt16LE(at + 32);
  }
  return entries;
}

/** The packed size and the offset of an entry: those of 64 bits stand in the extra field. */
function placeOf(body: Buffer, at: number, extra: Buffer): [packedBytes: number, offset: number] {
  const sizes = [body.readUInt32LE(at + 24), body.readUInt32LE(at + 20), body.readUInt32LE(at + 42)];
  if (!sizes.includes(UNKNOWN_32)) return [sizes[1]!, sizes[2]!];
  for (let field = 0; field + 4 <= extra.length; field += 4 + extra.readUInt16LE(field + 2)) {
    if (extra.readUInt16LE(field) !== 1) continue;
    let value = field + 4;
    const whole = sizes.map((size) => {
      if (size !== UNKNOWN_32 || value + 8 > extra.length) return size;
      value += 8;
      return Number(extra.readBigUInt64LE(value - 8));
    });
    return [whole[1]!, whole[2]!];
  }
  return [sizes[1]!, sizes[2]!];
}
