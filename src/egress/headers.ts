/**
 * Headers that nobody may set for an outgoing request, each with the reason that a caller is given.
 */
const REFUSED_HEADERS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'accept-encoding': 'names the content codings that the service can undo',
    connection: 'belongs to the connection, which the service keeps',
    cookie2: 'belongs to an old kind of cookies, which browsers do not send',
    'content-encoding': 'belongs to the body, which the service makes',
    'content-length': 'belongs to the body, which the service makes',
    expect: 'belongs to the connection: the body is sent at once',
    host: 'is taken from the URL',
    'http2-settings': 'belongs to an upgrade of the connection, which is not made',
    'keep-alive': 'belongs to the connection, which the service keeps',
    'set-cookie': 'is what sites send; `cookie` goes to them',
    'set-cookie2': 'is what sites send; `cookie` goes to them',
    te: 'names the transfer codings that the service can undo',
    trailer: 'belongs to the body, which is sent without trailers',
    'transfer-encoding': 'belongs to the body, which the service makes',
    upgrade: 'belongs to an upgrade of the connection, which is not made',
  }),
);

/**
 * Headers that carry no credential: of a caller's headers, only these follow a redirect to another
 * origin.
 */
const HARMLESS_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'cache-control',
  'dnt',
  'if-modified-since',
  'if-none-match',
  'pragma',
  'sec-gpc',
  'upgrade-insecure-requests',
  'user-agent',
]);

/**
 * Why a header must not be set by a caller, or null where it may. The name is taken in any case.
 */
export function headerRefusal(name: string): string | null {
  const lower = name.toLowerCase();
  if (lower.startsWith('proxy-')) return 'belongs to a proxy, not to the site';
  return REFUSED_HEADERS.get(lower) ?? null;
}

export type HeaderRecord = Record<string, string>;

/** A caller's headers by lower-case name, without the refused ones. */
export function callerHeaders(headers: HeaderRecord): HeaderRecord {
  return pick(headers, (name) => headerRefusal(name) === null);
}

/**
 * A caller's headers as they are sent: by lower-case name, without the refused ones, and in UTF-8,
 * as browsers send them, whose bytes are Latin-1 here.
 */
export function wireHeaders(headers: HeaderRecord): HeaderRecord {
  const sent: HeaderRecord = {};
  for (const name of Object.keys(headers)) {
    const lower = name.toLowerCase();
    if (headerRefusal(lower) === null) sent[lower] = bytesOf(headers[name]!);
  }
  return sent;
}

function bytesOf(value: string): string {
  return /[\x80-\xff]/.test(value) ? Buffer.from(value).toString('latin1') : value;
}

/** The headers that may follow a redirect to another origin. */
export function withoutCredentials(headers: HeaderRecord): HeaderRecord {
  return pick(headers, (name) => HARMLESS_HEADERS.has(name));
}

/**
 * Requests share a connection only where this is equal: NTLM and Negotiate authenticate a
 * connection, not a request. Empty where a request has no credentials.
 */
export function credentialKey(headers: HeaderRecord): string {
  const { authorization, cookie } = headers;
  return authorization === undefined && cookie === undefined ? '' : JSON.stringify([authorization, cookie]);
}

function pick(headers: HeaderRecord, wanted: (name: string) => boolean): HeaderRecord {
  const picked: HeaderRecord = {};
  for (const name of Object.keys(headers)) {
    const lower = name.toLowerCase();
    if (wanted(lower)) picked[lower] = headers[name]!;
  }
  return picked;
}
