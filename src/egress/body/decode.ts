import { pipeline, type Transform } from 'node:stream';
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from 'node:zlib';
import { peek } from './peek.ts';
import { BodyCollector, ROOM_STEPS, SMALL_BODY_BYTES, type BodyMemory } from './memory.ts';
import { EgressError } from '../errors.ts';

const MAX_CODINGS = 3;

/** A quarter of the turns that Node's 16 KiB would take. */
const CHUNKS = { chunkSize: 64 * 1024 };

/** RFC 9659: a zstd frame in HTTP needs no larger window than 8 MiB; without a limit it may ask for 128. */
const ZSTD_WINDOW_LOG_MAX = 23;
const ZSTD = { ...CHUNKS, params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX } };

/** Many servers cut the trailer off: what was decoded up to there counts. */
const ZLIB = { ...CHUNKS, finishFlush: constants.Z_SYNC_FLUSH };

/** Begins to undo a coding; `first` are the first bytes in it. */
type Decoder = (first: Buffer) => Transform;

// RFC 9110 means zlib by "deflate", and servers send bare deflate too; zlib's first byte says method 8.
const DECODERS: Record<string, Decoder> = {
  gzip: () => createGunzip(ZLIB),
  'x-gzip': () => createGunzip(ZLIB),
  deflate: (first) => (first[0]! % 16 === 8 ? createInflate(ZLIB) : createInflateRaw(ZLIB)),
  br: () => createBrotliDecompress(CHUNKS),
  zstd: () => createZstdDecompress(ZSTD),
};

/** The codings with a window of 32 KiB: with those of 16 MiB few bodies that are silent for a while would fill the memory. */
const STREAMED = new Set(['gzip', 'x-gzip', 'deflate']);
/** Of a body in another coding, which nobody asked for, encoded and decoded. */
const GATHERED_BYTES = 2 * 1024 * 1024;

/** What `decodeBody` and `decoded` understand, as `Accept-Encoding` values. */
export const ACCEPT_ENCODING = 'gzip, deflate, br, zstd';
export const ACCEPT_STREAMED = 'gzip, deflate';

/**
 * The whole of a body with its `Content-Encoding` of up to three codings undone, in memory bounded by `maxBytes` per coding. Rejects with an
 * EgressError: `too_large` as soon as a coding yields more than `maxBytes`, `invalid_response` for a coding that is unknown or data that is
 * not in it. What passes SMALL_BODY_BYTES waits for room in `memory`.
 */
export async function decodeBody(
  encoded: Buffer,
  contentEncoding: string | undefined,
  { maxBytes, memory }: { maxBytes: number; memory?: BodyMemory | undefined },
): Promise<Buffer> {
  let body = encoded;
  // One after another: each holds a window, and what is not undone yet is small.
  for (const coding of codingsOf(contentEncoding))
    if (body.length > 0) body = await decodeInRoom(decoderOf(coding), body, maxBytes, memory);
  memory?.shrink(body.length);
  return body;
}

/** Decodes a body that turns out to be larger than thought once more from its beginning: that takes milliseconds, and only those take the room. */
async function decodeInRoom(
  decoder: Decoder,
  encoded: Buffer,
  maxBytes: number,
  memory: BodyMemory | undefined,
): Promise<Buffer> {
  for (const limit of memory ? [SMALL_BODY_BYTES, ...ROOM_STEPS] : []) {
    if (limit >= maxBytes || encoded.length >= limit) continue;
    if (limit > SMALL_BODY_BYTES) await memory!.need(limit);
    const body = await decodeWhole(decoder, encoded, limit).catch((error: unknown) => {
      if (error instanceof EgressError && error.code === 'too_large') return null;
      throw error;
    });
    if (body !== null) return body;
  }
  if (maxBytes > SMALL_BODY_BYTES) await memory?.need(maxBytes);
  return await decodeWhole(decoder, encoded, maxBytes);
}

async function decodeWhole(decoder: Decoder, encoded: Buffer, maxBytes: number): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(atMost(maxBytes, undo(decoder, inOneChunk(encoded)))));
}

/**
 * Undoes a `Content-Encoding` of up to three codings while the body arrives; where one is not of ACCEPT_STREAMED, once it is there, of up to
 * 2 MiB. Throws an EgressError `invalid_response` for a coding that is unknown. The chunks end with that error where they are not in the
 * coding, and with `too_large` where a coding, or the body without one, yields more than `maxBytes`.
 */
export function decoded(
  encoded: AsyncIterable<Buffer>,
  contentEncoding: string | undefined,
  maxBytes: number,
): AsyncIterable<Buffer> {
  const codings = codingsOf(contentEncoding);
  const decoders = codings.map(decoderOf);
  if (decoders.length === 0) return atMost(maxBytes, encoded);
  if (!codings.every((coding) => STREAMED.has(coding))) return gathered(encoded, contentEncoding);
  return decoders.reduce((chunks, decoder) => atMost(maxBytes, undo(decoder, chunks)), encoded);
}

/** No decoder waits for the network, and none fills more of its window than the limit. */
async function* gathered(
  encoded: AsyncIterable<Buffer>,
  contentEncoding: string | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const body = new BodyCollector({ maxBytes: GATHERED_BYTES });
  for await (const chunk of encoded) if (!body.append(chunk)) throw new EgressError('too_large');
  yield await decodeBody(body.bytes(), contentEncoding, { maxBytes: GATHERED_BYTES });
}

/** In the order in which they are undone. */
function codingsOf(contentEncoding: string | undefined): string[] {
  const named = (contentEncoding ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim());
  const applied = named.filter((coding) => coding !== '' && coding !== 'identity');
  if (applied.length > MAX_CODINGS)
    throw new EgressError('invalid_response', { cause: new Error('too many codings') });
  return applied.toReversed();
}

function decoderOf(coding: string): Decoder {
  const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  if (!decoder)
    throw new EgressError('invalid_response', { cause: new Error(`unknown content coding: ${coding}`) });
  return decoder;
}

async function* atMost(
  maxBytes: number,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  let left = maxBytes;
  for await (const chunk of chunks) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left < 0) throw new EgressError('too_large');
  }
}

async function* undo(
  decoder: Decoder,
  encoded: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    const peeked = await peek(encoded);
    // In every coding nothing stands for nothing.
    if (peeked === null) return;
    const decoding = pipeline(peeked.all, decoder(peeked.first), () => {}); // what fails is thrown by the iteration
    yield* decoding as AsyncIterable<Buffer>;
  } catch (cause) {
    throw cause instanceof EgressError ? cause : new EgressError('invalid_response', { cause });
  }
}

async function* inOneChunk(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}
