import { ServiceError } from '../service-error.ts';

/** The bytes from `start` to `end`, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

interface Ranged {
  range: string | undefined;
  ifRange: string | undefined;
}

/** One range of bytes: the positions of its first and last byte, or how many of the last bytes. */
const ONE_RANGE = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i;

/**
 * The part of `bytes` bytes that a request asks for (RFC 9110, 14). Null for all of them: the
 * request names no range, several, one that is none, another unit, or a range of another version.
 * Throws ServiceError `range_not_satisfiable`.
 */
export function rangeOf({ range, ifRange }: Ranged, etag: string, bytes: number): ByteRange | null {
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return null;
  const [, first = '', last = ''] = ONE_RANGE.exec(range) ?? [];
  if (first === '' && last === '') return null;
  const isThere = first === '' ? Number(last) > 0 : Number(first) < bytes;
  if (!isThere)
    throw new ServiceError('range_not_satisfiable', `There are ${bytes} bytes.`, { completeBytes: bytes });
  // Where there are fewer bytes than a request wants of the end, it gets all.
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1);
  return end < start ? null : { start, end };
}
