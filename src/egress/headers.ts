/** Headers that belong to the transport. */
const TRANSPORT_HEADERS: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers known to carry no credential: all that is left of a caller's after a redirect to another origin. */
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

/** Whether a header belongs to the transport, and no caller may set it. */
export function isTransportHeader(name: string): boolean {
  return TRANSPORT_HEADERS.has(name.toLowerCase());
}

export type HeaderRecord = Record<string, string>;

/** A caller's headers by lower-case name, without those of the transport. */
export function callerHeaders(headers: HeaderRecord): HeaderRecord {
  return pick(headers, (name) => !TRANSPORT_HEADERS.has(name));
}

/** What may follow a redirect to another origin. */
export function withoutCredentials(headers: HeaderRecord): HeaderRecord {
  return pick(headers, (name) => HARMLESS_HEADERS.has(name));
}

/**
 * Requests share a connection only where this is equal: NTLM and Negotiate authenticate a connection, not a request.
 * Empty where a request has no credentials.
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
