import { Parser } from 'htmlparser2';
import { endTokensAsHtml } from '../dom/parser/html-tokens.ts';
import { parseContentType } from './content-type.ts';

export interface Refresh {
  /** The reference as written. */
  reference: string;
  seconds: number;
}

/**
 * A page with this delay at most is only passed through; one that waits longer is read, unless it
 * is nearly empty.
 */
const PASSING_SECONDS = 1;
/**
 * "You will be redirected in a few seconds": how long such a page waits, and how much it says, at
 * most.
 */
const NOTICE_SECONDS = 10;
const NOTICE_CHARS = 600;
/** A refresh stands at the top of its page. */
const SCANNED_BYTES = 64 * 1024;

/**
 * Reads the value of a `Refresh` header or of `<meta http-equiv=refresh>` (HTML Standard, "shared
 * declarative refresh steps"): `5; url=/next`. Null where it names no other address.
 */
export function parseRefresh(value: string): Refresh | null {
  const [, seconds, rest = ''] = /^\s{0,100}(\d{1,9})?(?:\.[\d.]{0,20})?([^]{0,5000})/.exec(value) ?? [];
  if (seconds === undefined && !/^\s{0,100}\./.test(value)) return null;
  const [, quote, reference = ''] =
    /^[\s;,]{1,100}(?:url\s{0,100}=\s{0,100})?(["']?)([^]*)$/i.exec(rest) ?? [];
  const end = quote ? reference.indexOf(quote) : -1;
  const unquoted = (end === -1 ? reference : reference.slice(0, end)).trim();
  return unquoted === '' ? null : { reference: unquoted, seconds: Number(seconds ?? 0) };
}

interface RefreshingPage {
  headers: Record<string, string>;
  contentType: string | null;
  body: Buffer;
}

/** The reference that a visitor of the page is sent on to without having read it, or null. */
export function immediateRefresh({ headers, contentType, body }: RefreshingPage): string | null {
  const header = headers['refresh'] === undefined ? null : parseRefresh(headers['refresh']);
  const { type } = parseContentType(contentType);
  const isHtml = type === null || type === 'text/html' || type === 'application/xhtml+xml';
  const head = isHtml ? body.toString('utf8', 0, SCANNED_BYTES) : '';
  if (header === null && !/http-equiv[^>]{0,20}refresh/i.test(head)) return null;
  const scanned = scan(head);
  const refresh = header ?? scanned.refresh;
  if (refresh === null) return null;
  const chars = body.length > SCANNED_BYTES ? Infinity : scanned.chars;
  const isNotice = refresh.seconds <= NOTICE_SECONDS && isHtml && chars <= NOTICE_CHARS;
  return refresh.seconds <= PASSING_SECONDS || isNotice ? refresh.reference : null;
}

/**
 * Elements whose content is neither read by a visitor nor obeyed by a browser that runs scripts.
 */
const OPAQUE = new Set(
  'script style noscript template title svg textarea iframe noembed noframes xmp'.split(' '),
);

function scan(html: string): { refresh: Refresh | null; chars: number } {
  let refresh: Refresh | null = null;
  let unscripted: Refresh | null = null;
  let scripts = '';
  let chars = 0;
  let opaque = 0;
  const parser = new Parser({
    onopentag(name, { 'http-equiv': header, content }) {
      if (OPAQUE.has(name)) opaque++;
      if (name !== 'meta' || header?.trim().toLowerCase() !== 'refresh') return;
      if (opaque === 0) refresh ??= parseRefresh(content ?? '');
      else if (opaque === 1 && parser['stack'].includes('noscript'))
        unscripted ??= parseRefresh(content ?? '');
    },
    onclosetag(name) {
      if (OPAQUE.has(name)) opaque--;
    },
    ontext(text) {
      if (opaque === 0) chars += text.replace(/\s+/g, '').length;
      else if (parser['stack'][0] === 'script') scripts += text;
    },
  });
  endTokensAsHtml(parser['tokenizer'], {
    isForeign: () => false,
    isScript: () => parser['stack'][0] === 'script',
  });
  parser.end(html);
  return { refresh: refresh ?? agreed(unscripted, scripts), chars };
}

/**
 * What sends on those without scripts counts where a script names the same address: then everybody
 * goes there. Elsewhere it leads to a page for those without scripts.
 */
function agreed(unscripted: Refresh | null, scripts: string): Refresh | null {
  if (unscripted === null) return null;
  return scripts.replaceAll('\\/', '/').includes(unscripted.reference) ? unscripted : null;
}
