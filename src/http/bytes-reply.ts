import type { IncomingHttpHeaders } from 'node:http';
import { isUnchanged } from './conditions.ts';
import { rangeOf, type ByteRange } from './range.ts';
import type { Reply } from './route/reply.ts';

/** Bytes that never change under their ETag. */
export interface Representation {
  etag: string;
  bytes: number;
  /** Null where it is not known. */
  sha256: Buffer | null;
  /** The headers of the content. */
  headers: Record<string, string>;
  read: (range: ByteRange) => AsyncIterable<Uint8Array>;
}

/** What the bytes of an answer are named by in the API's document. */
export const BYTES_HEADERS = {
  ETag: 'Names these bytes: send it in `If-None-Match`, `If-Match` or `If-Range`.',
  'Accept-Ranges': '`bytes`',
  'Repr-Digest': 'The SHA-256 of all bytes (RFC 9530).',
};
export const WHOLE_HEADERS = { ...BYTES_HEADERS, 'Content-Digest': 'The same.' };
export const PART_HEADERS = { ...BYTES_HEADERS, 'Content-Range': 'Which part of how many bytes.' };

/**
 * The bytes, or the part of them that the headers ask for (RFC 9110, 13 and 14), with their digests
 * (RFC 9530). Throws ServiceError `precondition_failed`, `range_not_satisfiable`.
 */
export function bytesReply(
  { etag, bytes, sha256, headers, read }: Representation,
  asked: IncomingHttpHeaders,
): Reply {
  const sent = { ETag: etag, 'Cache-Control': 'private, no-cache', 'Accept-Ranges': 'bytes' };
  if (isUnchanged(asked, etag)) return { status: 304, headers: sent };
  const range = rangeOf(
    { range: asked.range, ifRange: asked['if-range'] as string | undefined },
    etag,
    bytes,
  );
  const { start, end } = range ?? { start: 0, end: bytes - 1 };
  return {
    status: range === null ? 200 : 206,
    headers: {
      ...sent,
      ...headers,
      'Content-Length': String(end + 1 - start),
      ...(range && { 'Content-Range': `bytes ${start}-${end}/${bytes}` }),
      ...(sha256 && digests(sha256, range === null)),
    },
    bytes: read({ start, end }),
  };
}

function digests(sha256: Buffer, isWhole: boolean): Record<string, string> {
  const digest = `sha-256=:${sha256.toString('base64')}:`;
  return { 'Repr-Digest': digest, ...(isWhole && { 'Content-Digest': digest }) };
}
