import { pipeline } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TextDecoder } from 'node:util';
import { constants, createGunzip } from 'node:zlib';
import { decoderOf } from './encoding.ts';
import { peek } from '../egress/body/peek.ts';

/** The limit of sitemaps.org for one file, unzipped. */
const MAX_BYTES = 50 * 1024 * 1024;
/** A piece of short lines, each a URL to be judged, takes some 15 ms. */
const PIECE_BYTES = 16 * 1024;

/**
 * The text of a sitemap while it arrives, PIECE_BYTES at a time, gzipped or not, up to the limit.
 * Other work has its turn in between. Throws what `body` does.
 */
export async function* sitemapText(body: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let decoder: TextDecoder | undefined;
  let left = MAX_BYTES;
  for await (const piece of unzipped(inPieces(body))) {
    decoder ??= decoderOf(piece);
    yield decoder.decode(piece.subarray(0, left), { stream: true });
    await nextTurn();
    left -= piece.length;
    if (left <= 0) return;
  }
}

/**
 * Gzip that ends early gives what there is of it; where it goes wrong, what came just before is
 * lost.
 */
async function* unzipped(pieces: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const peeked = await peek(pieces);
  if (peeked === null) return;
  const { first, all } = peeked;
  if (first[0] !== 0x1f || first[1] !== 0x8b) {
    yield* all;
    return;
  }
  try {
    const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
    yield* inPieces(pipeline(all, gunzip, () => {})); // what fails is thrown by the iteration
  } catch {
    // Not gzip from here on.
  }
}

/** The same octets, PIECE_BYTES at a time but for the last. */
async function* inPieces(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let piece = Buffer.allocUnsafe(PIECE_BYTES);
  let length = 0;
  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length;) {
        const copied = chunk.copy(piece, length, at);
        at += copied;
        length += copied;
        if (length < PIECE_BYTES) continue;
        yield piece;
        piece = Buffer.allocUnsafe(PIECE_BYTES);
        length = 0;
      }
    }
  } catch (error) {
    if (length > 0) yield piece.subarray(0, length);
    throw error;
  }
  if (length > 0) yield piece.subarray(0, length);
}
