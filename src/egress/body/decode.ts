import { isUtf8 } from 'node:buffer';
import type { Transform } from 'node:stream';
import { release } from '../../memory/own-memory.ts';
import { EgressError, errorCode } from '../errors.ts';
import { codingInFact, codingsOf, isGzip, type Coding } from './codings.ts';
import { BodyCollector, ROOM_STEPS, SMALL_BODY_BYTES, type BodyMemory } from './memory.ts';

export interface DecodedBody {
  bytes: Buffer;
  /** Whether the data of a coding ends early: `bytes` is what came before. */
  truncated: boolean;
}

interface Limits {
  maxBytes: number;
  memory?: BodyMemory | undefined;
}

/**
 * A body with its `Content-Encoding` of up to three codings undone, in memory bounded by `maxBytes`
 * per coding. The encoded bytes are freed. Text that is in no coding stays as it is. Rejects with
 * an EgressError: `too_large` as soon as a coding yields more than `maxBytes`, `invalid_response`
 * for broken data. A body over SMALL_BODY_BYTES waits for room in `memory`.
 */
export async function decodeBody(
  encoded: Buffer,
  contentEncoding: string | undefined,
  limits: Limits,
): Promise<DecodedBody> {
  let bytes = encoded;
  let truncated = false;
  // One after another: each decoder holds a window.
  for (const named of codingsOf(contentEncoding)) {
    const coding = bytes.length === 0 ? null : codingInFact(named, bytes);
    if (coding === null) continue;
    const plain = bytes;
    const decoded = await decodeInRoom(coding, bytes, limits).catch((error: unknown) => {
      if (!isBroken(error) || !isText(plain)) throw error;
      return { bytes: plain, truncated: false };
    });
    bytes = decoded.bytes;
    truncated ||= decoded.truncated;
    if (bytes !== plain) release(plain);
  }
  limits.memory?.shrink(bytes.length);
  return { bytes, truncated };
}

const TEXT_TYPE = /^\s*(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml)|application\/xhtml)/i;

/**
 * A page's body as `decodeBody` decodes it; once more where gzip is left under a type of text:
 * servers compress a file twice, or do not say that it is compressed.
 */
export async function decodePage(
  body: Buffer,
  { coding, contentType }: { coding: string; contentType: string | null },
  limits: Limits,
): Promise<DecodedBody> {
  const decoded = await decodeBody(body, coding, limits);
  if (!TEXT_TYPE.test(contentType ?? '') || !isGzip(decoded.bytes)) return decoded;
  const again = await decodeBody(decoded.bytes, 'gzip', limits);
  return { bytes: again.bytes, truncated: decoded.truncated || again.truncated };
}

function isBroken(error: unknown): boolean {
  return error instanceof EgressError && error.code === 'invalid_response';
}

const MARKUP = /^(?:\xef\xbb\xbf)?\s*<[!?\w]/;
// oxlint-disable-next-line no-control-regex -- they are what compressed data has
const CONTROL_CHARACTER = /[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/;

/** Whether a body is text as it stands: no compressed data of these codings looks like it. */
function isText(bytes: Buffer): boolean {
  const beginning = bytes.toString('latin1', 0, 1024);
  return MARKUP.test(beginning) || (!CONTROL_CHARACTER.test(beginning) && isUtf8(bytes));
}

/**
 * Starts over for a body that turns out larger than its room: that takes milliseconds, and only
 * large bodies reserve much room.
 */
async function decodeInRoom(
  coding: Coding,
  encoded: Buffer,
  { maxBytes, memory }: Limits,
): Promise<DecodedBody> {
  for (const limit of memory ? [SMALL_BODY_BYTES, ...ROOM_STEPS] : []) {
    if (limit >= maxBytes || encoded.length >= limit) continue;
    if (limit > SMALL_BODY_BYTES) await memory!.need(limit);
    const decoded = await decodeWhole(coding, encoded, limit).catch((error: unknown) => {
      if (error instanceof EgressError && error.code === 'too_large') return null;
      throw error;
    });
    if (decoded !== null) return decoded;
  }
  if (maxBytes > SMALL_BODY_BYTES) await memory?.need(maxBytes);
  return await decodeWhole(coding, encoded, maxBytes);
}

/** Checksums are not verified, and bytes behind the data are ignored, as browsers do. */
async function decodeWhole(coding: Coding, encoded: Buffer, maxBytes: number): Promise<DecodedBody> {
  using body = new BodyCollector({ maxBytes });
  let rest = encoded;
  for (;;) {
    const { length } = body;
    const member = await decodeMember(coding, rest, body).catch((error: unknown) => {
      // Bytes behind the data may begin like a member.
      if (isBroken(error) && rest !== encoded) return null;
      throw error;
    });
    if (member === null) return { bytes: body.finish().subarray(0, length), truncated: false };
    if (coding.trailerBytes !== null) rest = rest.subarray(member.end + coding.trailerBytes);
    if (member.truncated || coding.trailerBytes === null || rest.length < 2 || !coding.matches(rest))
      return { bytes: body.finish(), truncated: member.truncated };
  }
}

interface Member {
  /** Where the data ends. */
  end: number;
  truncated: boolean;
}

/** Appends what a member of `encoded` decodes to. */
function decodeMember(coding: Coding, encoded: Buffer, body: BodyCollector): Promise<Member> {
  const start = coding.dataStart(encoded);
  const decoder = coding.dataDecoder() as Transform & { bytesWritten: number };
  const before = body.length;
  return new Promise((resolve, reject) => {
    const end = (truncated: boolean) => resolve({ end: start + decoder.bytesWritten, truncated });
    decoder.on('data', (chunk: Buffer) => {
      if (!body.append(chunk)) decoder.destroy(new EgressError('too_large'));
      // The decoder goes on in other memory where a chunk fills its own.
      release(chunk);
    });
    decoder.once('end', () => end(false));
    decoder.once('error', (cause) => {
      if (errorCode(cause) === 'Z_BUF_ERROR' && body.length > before) end(true);
      else reject(cause instanceof EgressError ? cause : new EgressError('invalid_response', { cause }));
    });
    // Ended only when all is decoded: the error for data that ends early would take the last piece
    // with it.
    decoder.write(encoded.subarray(start), (error) => {
      if (!error) decoder.end();
    });
  });
}

/** More than a kilobyte of gzip can decode to. */
const MAX_BEGINNING_BYTES = 2 * 1024 * 1024;

/**
 * The first bytes of a body with its coding undone, as far as they go; as they are where that
 * cannot be done.
 */
export function decodeBeginning(encoded: Buffer, contentEncoding: string | undefined): Buffer {
  const [named, ...others] = codingsOf(contentEncoding);
  const coding = named === undefined || others.length > 0 ? null : codingInFact(named, encoded);
  if (coding === null) return encoded;
  try {
    return coding.decodeBeginning(encoded, MAX_BEGINNING_BYTES);
  } catch {
    return encoded; // the decoding of the whole says what is wrong with it
  }
}
