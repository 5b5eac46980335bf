import parseRange from 'range-parser';
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

/**
 * The part of `bytes` bytes that a request asks for (RFC 9110, 14). Null for all of them: the
 * request names no range, several, another unit, or a range of another version. Throws ServiceError
 * `range_not_satisfiable`.
 */
export function rangeOf({ range, ifRange }: Ranged, etag: string, bytes: number): ByteRange | null {
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return null;
  const found = parseRange(bytes, range, { combine: true });
  if (found === UNSATISFIABLE)
    throw new ServiceError('range_not_satisfiable', `There are ${bytes} bytes.`, { completeBytes: bytes });
  if (found === MALFORMED || found.type !== 'bytes' || found.length !== 1) return null;
  return found[0]!;
}

const UNSATISFIABLE = -1;
const MALFORMED = -2;
