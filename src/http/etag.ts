/**
 * Whether an `If-None-Match` names this version (RFC 9110, 13.1.2). Express's `fresh` obeys the
 * `Cache-Control: no-cache` that fetch() adds to every such request.
 */
export function hasETag(given = '', etag: string): boolean {
  return given.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
