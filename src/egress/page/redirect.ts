import { parseUrl } from '../connect/url-policy.ts';
import { EgressError } from '../errors.ts';
import type { HeaderFields } from '../http1/head.ts';
import { firstField } from '../http1/answer-fields.ts';
import { utf8OrNull } from '../../utf8.ts';

/** With 300, whose Location is the server's own choice (RFC 9110, section 15.4.1). */
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([300, 301, 302, 303, 307, 308]);

/** Whether an answer is a redirect. One without a Location, or with an empty one, is a page. */
export function isRedirect(status: number, fields: HeaderFields): boolean {
  return REDIRECT_STATUSES.has(status) && (firstField(fields, 'location') ?? '') !== '';
}

/**
 * The URL that a redirect leads to. The fragment is inherited where the Location has none (RFC
 * 9110, section 10.2.2). Throws an EgressError `invalid_response` for a Location that is not a URL.
 */
export function redirectTarget(fields: HeaderFields, base: URL): URL {
  const location = readable(firstField(fields, 'location') ?? '');
  const target = parseUrl(location, base);
  if (target === null) throw new EgressError('invalid_response', { cause: new Error('unparsable Location') });
  if (!location.includes('#')) target.hash = base.hash;
  return target;
}

/**
 * A field's bytes as text: UTF-8 where they are valid; otherwise each byte beyond ASCII is
 * percent-encoded, as in browsers.
 */
function readable(latin1: string): string {
  return utf8OrNull(Buffer.from(latin1, 'latin1')) ?? latin1.replace(/[\x80-\xff]/g, escaped);
}

function escaped(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
