import { pipeline } from 'node:stream';
import { EgressError } from '../errors.ts';
import { codingInFact, codingsOf, type Coding } from './codings.ts';
import { decodeBody } from './decode.ts';
import { BodyCollector } from './memory.ts';
import { peek } from './peek.ts';

/**
 * The limit, encoded and decoded, of a body in a coding with a large window, which nobody asked
 * for.
 */
const GATHERED_BYTES = 2 * 1024 * 1024;

/**
 * Undoes a `Content-Encoding` of up to three codings while the body arrives; where one of them has
 * a large window, once the whole is there, of up to 2 MiB. Throws an EgressError `invalid_response`
 * for too many codings. The iteration ends with that error where the data is broken, and with
 * `too_large` where a coding, or the body without one, yields more than `maxBytes`.
 */
export function decodeStream(
  encoded: AsyncIterable<Buffer>,
  contentEncoding: string | undefined,
  maxBytes: number,
): AsyncIterable<Buffer> {
  const codings = codingsOf(contentEncoding);
  if (codings.length === 0) return atMost(maxBytes, encoded);
  if (!codings.every(({ streamed }) => streamed)) return gathered(encoded, contentEncoding);
  return codings.reduce((chunks, coding) => atMost(maxBytes, undo(coding, chunks)), encoded);
}

/** No decoder waits for the network, and none fills more of its window than the limit. */
async function* gathered(
  encoded: AsyncIterable<Buffer>,
  contentEncoding: string | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const body = new BodyCollector({ maxBytes: GATHERED_BYTES });
  for await (const chunk of encoded) if (!body.append(chunk)) throw new EgressError('too_large');
  yield (await decodeBody(body.bytes(), contentEncoding, { maxBytes: GATHERED_BYTES })).bytes;
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

async function* undo(named: Coding, encoded: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  try {
    const peeked = await peek(encoded);
    // An empty body decodes to an empty one, in every coding.
    if (peeked === null) return;
    const coding = codingInFact(named, peeked.first);
    const decoding = coding?.streamed
      ? pipeline(peeked.all, coding.decoder(peeked.first), () => {}) // the iteration throws what fails
      : peeked.all;
    yield* decoding as AsyncIterable<Buffer>;
  } catch (cause) {
    throw cause instanceof EgressError ? cause : new EgressError('invalid_response', { cause });
  }
}
