import { routeOf } from './route.ts';

/** The longest URL that is crawled, in characters. */
export const MAX_URL_LENGTH = 2048;

/**
 * Beyond this a reference is not even parsed: dropping parameters could hardly bring it under
 * MAX_URL_LENGTH.
 */
const MAX_RAW_LENGTH = 4 * MAX_URL_LENGTH;

export interface NormaliseOptions {
  /**
   * `true` drops the whole query, a list the parameters of these (decoded, case-sensitive) names.
   */
  ignore_query_parameters?: boolean | readonly string[];
  /** Whether the fragments count that name pages of an application. */
  keeps_routes?: boolean;
}

/** Query parameters that only tell who sent the visitor. Compared in lower case. */
const TRACKING_PARAMETERS = new Set(
  (
    'gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid _ga _gl fbclid igshid igsh ' +
    'msclkid twclid ttclid li_fat_id epik yclid ysclid _openstat mc_cid mc_eid mkt_tok _hsenc _hsmi ' +
    '__hssc __hstc __hsfp hsctatracking vero_id vero_conv oly_anon_id oly_enc_id rb_clickid wickedid ' +
    's_kwcid ef_id irclickid pk_campaign pk_kwd pk_source pk_medium piwik_campaign piwik_kwd'
  ).split(' '),
);
const TRACKING_PREFIXES = /^(?:utm|mtm|matomo|hsa)_/;

const SESSION_PARAMETERS = /^(?:phpsessid|jsessionid|aspsessionid[a-z]*|cfid|cftoken|oscsid|zenid)$/;
/**
 * Names that also mean other things (`?sid=12` may be a story): dropped only with a value as long
 * as a session's.
 */
const POSSIBLE_SESSION_PARAMETERS = /^(?:sid|s_id|sessid|session|sessionid|session_id|session-id)$/;
const SESSION_VALUE = /^[0-9A-Za-z_-]{16,}$/;
const SESSION_IN_PATH = /;jsessionid=[^/;]*/gi;
/**
 * ASP.NET's sessions without cookies. Looked for after the others are gone: they may hide the end
 * of the segment.
 */
const SESSION_SEGMENT = /\/\(S\([0-9a-z]{16,}\)\)(?=\/)/gi;

/**
 * The one form under which a URL is fetched and shown: absolute, http(s), without fragment (but for
 * routes, where these count), default port, trailing dot of the host, dot segments, tracking
 * parameters and session ids, and with normalised percent-encoding. The order of the parameters and
 * a trailing slash are kept: both can mean something. Null for what cannot be crawled: no valid
 * URL, another scheme, user info, or more than MAX_URL_LENGTH characters. Idempotent.
 */
export function normaliseUrl(
  raw: string,
  base: string | undefined,
  options: NormaliseOptions = {},
): string | null {
  if (raw.length > MAX_RAW_LENGTH) return null;
  const url = URL.parse(raw, base);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    return null;
  const host = withoutTrailingDots(url.hostname);
  if (host === '') return null;
  const port = url.port === '' ? '' : `:${url.port}`;
  const path = normalisePercentEncoding(url.pathname)
    .replace(SESSION_IN_PATH, '')
    .replace(SESSION_SEGMENT, '');
  const query = keptParameters(url.search.slice(1), options.ignore_query_parameters ?? false).join('&');
  const route = options.keeps_routes === true ? normalisePercentEncoding(routeOf(url.hash)) : '';
  const search = query === '' ? '' : `?${query}`;
  const normalised = URL.parse(`${url.protocol}//${host}${port}${path}${search}${route}`);
  return normalised !== null && normalised.href.length <= MAX_URL_LENGTH ? normalised.href : null;
}

/**
 * A host without the dots at its end. Not a regular expression: those are quadratic in dots that
 * are not at the end.
 */
export function withoutTrailingDots(host: string): string {
  let end = host.length;
  while (host[end - 1] === '.') end--;
  return host.slice(0, end);
}

/**
 * The key under which a normalised URL is visited once. The parameters are sorted by name (those of
 * one name keep their order), so that `?a=1&b=2` and `?b=2&a=1` are one page. Scheme, `www.` and
 * trailing slash stay distinct: whether those are the same page is for the site's redirects to say.
 */
export function dedupeKey(url: string): string {
  const end = url.includes('#') ? url.indexOf('#') : url.length;
  const start = url.indexOf('?');
  if (start === -1 || start > end) return url;
  const parameters = url.slice(start + 1, end).split('&');
  return `${url.slice(0, start)}?${parameters.toSorted(byName).join('&')}${url.slice(end)}`;
}

/**
 * Percent-encoding after RFC 3986, 6.2.2: hexadecimal digits in upper case, unreserved characters
 * decoded, reserved ones as they are written. What no URI may contain is encoded, and so is a `%`
 * that encodes nothing.
 */
export function normalisePercentEncoding(text: string): string {
  return text.replace(
    /%([0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]/gu,
    (match, hex: string | undefined) => {
      if (hex === undefined) return encodeURIComponent(match.toWellFormed());
      const character = String.fromCharCode(Number.parseInt(hex, 16));
      return /[A-Za-z0-9\-._~]/.test(character) ? character : match.toUpperCase();
    },
  );
}

function keptParameters(query: string, ignored: boolean | readonly string[]): string[] {
  if (ignored === true) return [];
  const names = new Set(ignored === false ? [] : ignored);
  return query
    .split('&')
    .map(normalisePercentEncoding)
    .filter((parameter) => parameter !== '' && !isNoise(parameter) && !names.has(decodedName(parameter)));
}

function isNoise(parameter: string): boolean {
  const name = nameOf(parameter).toLowerCase();
  if (TRACKING_PARAMETERS.has(name) || TRACKING_PREFIXES.test(name) || SESSION_PARAMETERS.test(name))
    return true;
  return POSSIBLE_SESSION_PARAMETERS.test(name) && SESSION_VALUE.test(parameter.slice(name.length + 1));
}

function nameOf(parameter: string): string {
  return parameter.split('=', 1)[0] ?? '';
}

function decodedName(parameter: string): string {
  const name = nameOf(parameter).replaceAll('+', ' ');
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function byName(a: string, b: string): number {
  const [nameA, nameB] = [nameOf(a), nameOf(b)];
  if (nameA === nameB) return 0;
  return nameA < nameB ? -1 : 1;
}
