import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  gunzip,
  inflate,
  inflateRaw,
  zstdDecompress,
  type BrotliOptions,
  type ZlibOptions,
  type ZstdOptions,
} from 'node:zlib';
import { LARGEST_PAGE_BYTES, SMALL_BODY_BYTES, type BodyMemory } from './body-memory.ts';
import { EgressError, errorCode } from './errors.ts';

const MAX_CODINGS = 3;
/** Most bodies that are not small are no larger than this. */
const MIDDLING_BODY_BYTES = 2 * 1024 * 1024;

/** What may become larger than this is decoded in one piece, which takes the memory of what is in it; put together it would take that twice. */
const ONE_PIECE_BYTES = 32 * 1024 * 1024;

/** RFC 9659: a zstd frame in HTTP needs no larger window than 8 MiB; without a limit it may ask for 128. */
const ZSTD_WINDOW_LOG_MAX = 23;

interface DecodeOptions {
  maxOutputLength: number;
  /** How long the pieces are of which the output is put together. */
  chunkSize?: number;
}

type Decoder = (encoded: Buffer, options: DecodeOptions) => Promise<Buffer>;

// zlib's streams ignore maxOutputLength; its one-shot functions stop as soon as the output passes it.
const unzip = {
  gzip: promisify<Buffer, ZlibOptions, Buffer>(gunzip),
  zlib: promisify<Buffer, ZlibOptions, Buffer>(inflate),
  raw: promisify<Buffer, ZlibOptions, Buffer>(inflateRaw),
  br: promisify<Buffer, BrotliOptions, Buffer>(brotliDecompress),
  zstd: promisify<Buffer, ZstdOptions, Buffer>(zstdDecompress),
};

/** Many servers cut the trailer off: what was decoded up to there counts. */
const LENIENT = { finishFlush: constants.Z_SYNC_FLUSH };
const ZSTD_PARAMS = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX };

// RFC 9110 means zlib by "deflate", and servers send bare deflate too; zlib's first byte says method 8.
const isZlib = (encoded: Buffer): boolean => encoded[0]! % 16 === 8;

const gzip: Decoder = (encoded, options) => unzip.gzip(encoded, { ...options, ...LENIENT });

const DECODERS: Record<string, Decoder> = {
  gzip,
  'x-gzip': gzip,
  deflate: (encoded, options) => (isZlib(encoded) ? unzip.zlib : unzip.raw)(encoded, { ...options, ...LENIENT }),
  br: (encoded, options) => unzip.br(encoded, options),
  zstd: (encoded, options) => unzip.zstd(encoded, { ...options, params: ZSTD_PARAMS }),
};

/** The same as streams, of which one can take the beginning. */
const STREAMS: Record<string, (encoded: Buffer) => Transform> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: (encoded) => (isZlib(encoded) ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress({ params: ZSTD_PARAMS }),
};

/** What `decodeBody` understands, as an `Accept-Encoding` value. */
export const ACCEPT_ENCODING = 'gzip, deflate, br, zstd';

/**
 * Undoes a `Content-Encoding` of up to three codings, in memory bounded by `maxBytes` per coding. Rejects with an
 * EgressError: `too_large` as soon as a coding yields more than `maxBytes`, `invalid_response` for a coding that is
 * unknown or data that is not in it. What passes SMALL_BODY_BYTES waits for room in `memory`. Where the `beginning` will do, that is what
 * comes of a body that is longer, or that goes wrong further on.
 */
export async function decodeBody(
  encoded: Buffer,
  contentEncoding: string | undefined,
  { maxBytes, memory, beginning = false }: { maxBytes: number; memory?: BodyMemory | undefined; beginning?: boolean },
): Promise<Buffer> {
  const codings = (contentEncoding ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim());
  const applied = codings.filter((coding) => coding !== '' && coding !== 'identity');
  if (applied.length > MAX_CODINGS) throw new EgressError('invalid_response', { cause: new Error('too many codings') });
  let body = encoded;
  for (const coding of applied.toReversed())
    if (body.length > 0)
      body = await (beginning ? decodeBeginning(body, coding, maxBytes) : decodeInRoom(body, coding, maxBytes, memory));
  memory?.shrink(body.length);
  return body;
}

/** Decodes a body that turns out to be larger than thought once more from its beginning: that takes milliseconds, and only those take the room. */
async function decodeInRoom(
  encoded: Buffer,
  coding: string,
  maxBytes: number,
  memory: BodyMemory | undefined,
): Promise<Buffer> {
  for (const limit of memory ? [SMALL_BODY_BYTES, MIDDLING_BODY_BYTES, LARGEST_PAGE_BYTES] : []) {
    if (limit >= maxBytes || encoded.length >= limit) continue;
    if (limit > SMALL_BODY_BYTES) await memory!.need(limit);
    const decoded = await decode(encoded, coding, limit).catch((error: unknown) => {
      if (error instanceof EgressError && error.code === 'too_large') return null;
      throw error;
    });
    if (decoded !== null) return decoded;
  }
  if (maxBytes > SMALL_BODY_BYTES) await memory?.need(maxBytes);
  return await decode(encoded, coding, maxBytes);
}

async function decodeBeginning(encoded: Buffer, coding: string, maxBytes: number): Promise<Buffer> {
  const stream = known(STREAMS, coding)(encoded);
  const decoded = new ByteCollector(maxBytes);
  stream.end(encoded);
  try {
    for await (const piece of stream) if (!decoded.append(piece as Buffer)) break;
  } catch (cause) {
    if (decoded.length === 0) throw new EgressError('invalid_response', { cause });
  }
  return decoded.bytes();
}

function known<T>(codings: Record<string, T>, coding: string): T {
  const found = Object.hasOwn(codings, coding) ? codings[coding] : undefined;
  if (!found) throw new EgressError('invalid_response', { cause: new Error(`unknown content coding: ${coding}`) });
  return found;
}

async function decode(encoded: Buffer, coding: string, maxOutputLength: number): Promise<Buffer> {
  const decoder = known(DECODERS, coding);
  try {
    const inOnePiece = maxOutputLength > ONE_PIECE_BYTES ? { chunkSize: maxOutputLength + 1 } : null;
    return await decoder(encoded, { maxOutputLength, ...inOnePiece });
  } catch (cause) {
    const tooLarge = errorCode(cause) === 'ERR_BUFFER_TOO_LARGE';
    throw new EgressError(tooLarge ? 'too_large' : 'invalid_response', { cause });
  }
}

/**
 * Up to here the room for a body is doubled when it is full. A body that is longer gets all that it may fill at once: what is not filled
 * takes no memory, while doubling would hold the body twice.
 */
const DOUBLED_BYTES = 4 * 1024 * 1024;

/**
 * Gathers a body of at most `limit` bytes by copying, so that a million one-byte chunks take no more memory than one
 * chunk of a million bytes.
 */
export class ByteCollector {
  readonly #limit: number;
  #bytes = EMPTY;
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes what fits; false when some of the chunk did not. */
  append(chunk: Buffer): boolean {
    const taken = Math.min(chunk.length, this.#limit - this.#length);
    if (this.#length + taken > this.#bytes.length) this.#grow(this.#length + taken);
    chunk.copy(this.#bytes, this.#length, 0, taken);
    this.#length += taken;
    return taken === chunk.length;
  }

  get length(): number {
    return this.#length;
  }

  /** What was gathered so far: a view, valid until the next append. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(needed: number): void {
    const size = needed > DOUBLED_BYTES ? this.#limit : Math.max(needed, 2 * this.#bytes.length);
    const grown = Buffer.allocUnsafe(Math.min(this.#limit, size));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

const EMPTY = Buffer.alloc(0);
