import type { Transform } from 'node:stream';
import {
  brotliDecompressSync,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';
import { EgressError } from '../errors.ts';

const MAX_CODINGS = 3;

/** Node's default of 16 KiB would take four times as many turns of the thread pool. */
const CHUNKS = { chunkSize: 64 * 1024 };

/**
 * RFC 9659: a zstd frame in HTTP needs no larger window than 8 MiB; without a limit it may ask for
 * 128.
 */
const ZSTD_WINDOW_LOG_MAX = 23;
const ZSTD = { ...CHUNKS, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } };

/** Ends without an error where the data ends early. */
const LENIENT = { ...CHUNKS, finishFlush: constants.Z_SYNC_FLUSH };

export interface Coding {
  /**
   * Whether its window is small (32 KiB), so that many decoders may wait for the network at once.
   */
  streamed: boolean;
  /** Whether a body that begins with these bytes is in the coding, as far as they show it. */
  matches(beginning: Buffer): boolean;
  /** For a body that arrives in pieces, the first of them given. */
  decoder(beginning: Buffer): Transform;
  /** For a body that is there as a whole: where the data begins that `dataDecoder` decodes. */
  dataStart(body: Buffer): number;
  dataDecoder(): Transform;
  /** Bytes between the data and a further member of the body; null where a body has one member. */
  trailerBytes: number | null;
  /**
   * Decodes the beginning of a body. Throws where it is not in the coding or yields more than
   * `maxBytes`.
   */
  decodeBeginning(beginning: Buffer, maxBytes: number): Buffer;
}

const GZIP: Coding = {
  streamed: true,
  matches: mayBeGzip,
  decoder: () => createGunzip(LENIENT),
  dataStart: gzipHeaderLength,
  dataDecoder: () => createInflateRaw(CHUNKS),
  trailerBytes: 8,
  decodeBeginning: (beginning, maxOutputLength) => gunzipSync(beginning, { ...LENIENT, maxOutputLength }),
};

// RFC 9110 calls the zlib format "deflate"; some servers send bare deflate. The first byte of zlib
// names method 8.
const DEFLATE: Coding = {
  streamed: true,
  matches: () => true,
  decoder: (beginning) => (isZlib(beginning) ? createInflate(LENIENT) : createInflateRaw(LENIENT)),
  dataStart: (body) => (isZlib(body) ? 2 : 0),
  dataDecoder: () => createInflateRaw(CHUNKS),
  trailerBytes: null,
  decodeBeginning: (beginning, maxOutputLength) =>
    (isZlib(beginning) ? inflateSync : inflateRawSync)(beginning, { ...LENIENT, maxOutputLength }),
};

const BROTLI: Coding = {
  streamed: false,
  matches: () => true,
  decoder: () => createBrotliDecompress(CHUNKS),
  dataStart: () => 0,
  dataDecoder: () => createBrotliDecompress(CHUNKS),
  trailerBytes: null,
  decodeBeginning: (beginning, maxOutputLength) =>
    brotliDecompressSync(beginning, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength }),
};

const ZSTANDARD: Coding = {
  streamed: false,
  matches: isZstd,
  decoder: () => createZstdDecompress(ZSTD),
  dataStart: () => 0,
  dataDecoder: () => createZstdDecompress(ZSTD),
  trailerBytes: 0,
  decodeBeginning: (beginning, maxOutputLength) =>
    zstdDecompressSync(beginning, { ...ZSTD, finishFlush: constants.ZSTD_e_flush, maxOutputLength }),
};

const CODINGS: Record<string, Coding> = {
  gzip: GZIP,
  'x-gzip': GZIP,
  deflate: DEFLATE,
  br: BROTLI,
  zstd: ZSTANDARD,
};

/**
 * The codings that are undone, as `Accept-Encoding` values: all of them, and those that are
 * streamed.
 */
export const ACCEPT_ENCODING = 'gzip, deflate, br, zstd';
export const ACCEPT_STREAMED = 'gzip, deflate';

/**
 * The codings that a `Content-Encoding` names, in the order in which they are undone. An unknown
 * name (`none`, `utf-8`) is no coding, as in browsers. Quotes and parameters, which do not belong
 * there, are passed over. Throws an EgressError `invalid_response` for more than three.
 */
export function codingsOf(contentEncoding: string | undefined): Coding[] {
  const names = (contentEncoding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.replace(/;.*/, '').replaceAll('"', '').trim());
  const known = names.filter((name) => Object.hasOwn(CODINGS, name));
  if (known.length > MAX_CODINGS)
    throw new EgressError('invalid_response', { cause: new Error('too many codings') });
  return known.map((name) => CODINGS[name]!).toReversed();
}

/**
 * The coding of a body that is said to be in `named`: gzip, zstd and zlib show themselves by their
 * first bytes, under whatever name. Null for a body that is in no coding.
 */
export function codingInFact(named: Coding, beginning: Buffer): Coding | null {
  if (isGzip(beginning)) return GZIP;
  if (beginning.length >= 4 && isZstd(beginning)) return ZSTANDARD;
  if (named.matches(beginning)) return named;
  return isZlib(beginning) && beginning.length > 1 && beginning.readUInt16BE(0) % 31 === 0 ? DEFLATE : null;
}

/** With the only method there is. */
const GZIP_MAGIC = [0x1f, 0x8b, 8];

/** Whether bytes are beyond doubt gzip's. */
export function isGzip(bytes: Buffer): boolean {
  return GZIP_MAGIC.every((byte, i) => bytes[i] === byte);
}

function mayBeGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && (bytes.length === 1 || bytes[1] === 0x8b);
}

function isZlib(bytes: Buffer): boolean {
  return bytes[0]! % 16 === 8;
}

/** A frame, or one that is to be skipped (RFC 8878, section 3.1). */
function isZstd(bytes: Buffer): boolean {
  const magic = bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
  return bytes.length < 4 || magic === 0xfd2fb528 || magic >>> 4 === 0x184d2a5;
}

const [FHCRC, FEXTRA, FNAME, FCOMMENT] = [2, 4, 8, 16];

/** The length of the header of a gzip member (RFC 1952, section 2.3), at most that of the bytes. */
function gzipHeaderLength(bytes: Buffer): number {
  const flags = bytes[3] ?? 0;
  let at = 10;
  if (flags & FEXTRA && at + 2 <= bytes.length) at += 2 + bytes.readUInt16LE(at);
  for (const text of [FNAME, FCOMMENT]) {
    if (!(flags & text)) continue;
    const end = bytes.indexOf(0, at);
    at = end === -1 ? bytes.length : end + 1;
  }
  if (flags & FHCRC) at += 2;
  return Math.min(at, bytes.length);
}
