import type { IncomingHttpHeaders } from 'node:http';
import { ServiceError } from '../service-error.ts';

type Conditions = Pick<IncomingHttpHeaders, 'if-match' | 'if-none-match'>;

/**
 * Whether the caller has this version already, so that a 304 says enough (RFC 9110, 13.2.2).
 * Without an ETag it is none that a caller could name. Throws ServiceError `precondition_failed`
 * where `If-Match` names other versions.
 *
 * Express's `fresh` obeys the `Cache-Control: no-cache` that fetch() adds to every such request.
 */
export function isUnchanged(asked: Conditions, etag: string | undefined): boolean {
  const wanted = tagsOf(asked['if-match']);
  if (wanted !== null && !names(wanted, etag))
    throw new ServiceError('precondition_failed', 'This is not the version that If-Match names.');
  const known = tagsOf(asked['if-none-match'])?.map((tag) => tag.replace(/^W\//, ''));
  return known !== undefined && etag !== undefined && names(known, etag);
}

/** The entity tags of a list, with `W/` before those that are weak. */
function tagsOf(list: string | undefined): string[] | null {
  return list === undefined ? null : list.split(',').map((tag) => tag.trim());
}

const names = (tags: string[], etag: string | undefined) =>
  tags.includes('*') || (etag !== undefined && tags.includes(etag));
