/**
 * `Retry-After` (RFC 9110, 10.2.3) in seconds from now: delta-seconds or an HTTP date; null when
 * absent, past or not valid.
 */
export function parseRetryAfter(value: string | null, now: number = Date.now()): number | null {
  if (value === null) return null;
  const text = value.trim();
  if (/^\d{1,15}$/.test(text)) return Number(text);
  if (!/^[A-Za-z]{3,9},? /.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) || at <= now ? null : (at - now) / 1000;
}
