import { LARGEST_PAGE_BYTES, type BodyMemory } from './body/memory.ts';
import { ACCEPT_ENCODING, ACCEPT_STREAMED, decodeBody } from './body/decode.ts';
import { Deadline } from './deadline.ts';
import { EgressError } from './errors.ts';
import { exchange, type Answer, type BodyExpectation } from './exchange.ts';
import { callerHeaders, credentialKey, flatten, withoutCredentials, type HeaderRecord } from './headers.ts';
import type { Network } from './connect/network.ts';
import { BodyReading, type BodyReader } from './body/read.ts';
import { parseUrl, targetOf } from './connect/url-policy.ts';

export interface PageRequest {
  url: string;
  /** Sent besides, or in place of, the default ones; those of the transport are ignored. */
  headers?: HeaderRecord;
  userAgent: string;
  /** One deadline over everything: names, connections, redirects, `onRedirect`, the body and its decoding. */
  timeoutMs: number;
  /** Of the decoded body; 10 MiB unless said otherwise. */
  maxBytes?: number;
  /** Reads the body of a 2xx answer while it arrives. The page then comes without a body. */
  read?: BodyReader;
  /** Where a body that is large waits for room, which takes nothing of `timeoutMs`. The room is the caller's to give back. */
  memory?: BodyMemory;
  signal?: AbortSignal;
  /** Asked before the body is read, with the `Content-Type` of the final answer. */
  accept?: (contentType: string | null) => boolean;
  /** Called with each redirect's target before it is asked. What it throws is what the fetch fails with. */
  onRedirect?: (url: string) => void | Promise<void>;
}

export interface FetchedPage {
  /** The URL that answered, after redirects. */
  url: string;
  status: number;
  /** By lower-case name; repeated ones are joined with commas. */
  headers: Record<string, string>;
  contentType: string | null;
  /** With its content coding undone. */
  body: Buffer;
  /** Each redirect's target in turn; the last is `url`. */
  redirects: string[];
  durationMs: number;
}

const MAX_REDIRECTS = 10;
const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** A body that nobody wants, like a redirect's own, is taken only to keep the connection. */
const UNWANTED: BodyExpectation = { maxBytes: 16 * 1024, required: false };
/** For heads, informational answers and the framing of an honest body. */
const WIRE_OVERHEAD_BYTES = 256 * 1024;

const ACCEPT = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

/**
 * GETs a page, following at most 10 redirects, each checked like the first; whatever could be a credential stays with
 * the origin it was meant for. Any status is an answer. Rejects with an EgressError whose code is a page's, or with
 * what `onRedirect` threw.
 */
export async function fetchPage(network: Network, request: PageRequest): Promise<FetchedPage> {
  const startedAt = performance.now();
  const deadline = new Deadline(request.timeoutMs, request.signal);
  const asked = { ...request, memory: request.memory && heldBy(deadline, request.memory) };
  const redirects: string[] = [];
  let url = network.permitted(request.url);
  let headers: HeaderRecord = {
    accept: ACCEPT,
    'user-agent': request.userAgent,
    ...callerHeaders(request.headers ?? {}),
  };
  for (const visited = new Set([withoutFragment(url)]); ; visited.add(withoutFragment(url))) {
    const answer = await get(network, url, headers, deadline, asked);
    const next = redirectTarget(answer, url);
    if (next === null)
      return {
        ...(await toPage(url, answer, deadline, asked)),
        redirects,
        durationMs: performance.now() - startedAt,
      };
    if (redirects.length === MAX_REDIRECTS || visited.has(withoutFragment(next)))
      throw new EgressError('too_many_redirects');
    network.check(next);
    redirects.push(next.href);
    if (request.onRedirect) await deadline.race(Promise.resolve(request.onRedirect(next.href)));
    if (next.origin !== url.origin) headers = withoutCredentials(headers);
    url = next;
  }
}

/** The deadline waits while the memory does. */
function heldBy(deadline: Deadline, memory: BodyMemory): BodyMemory {
  return {
    need: async (bytes) => await deadline.hold(memory.need(bytes)),
    shrink: (bytes) => memory.shrink(bytes),
  };
}

async function get(
  network: Network,
  url: URL,
  headers: HeaderRecord,
  deadline: Deadline,
  request: PageRequest,
): Promise<Answer> {
  const { signal, memory, read, maxBytes = LARGEST_PAGE_BYTES } = request;
  const reading = read && new BodyReading(read);
  try {
    const answer = await exchange(network.pool, {
      target: targetOf(url),
      path: url.pathname + url.search,
      method: 'GET',
      headers: flatten({ ...headers, 'accept-encoding': reading ? ACCEPT_STREAMED : ACCEPT_ENCODING }),
      credentialKey: credentialKey(headers),
      body: null,
      timeoutMs: deadline.remainingMs,
      signal,
      memory,
      maxWireBytes: 2 * maxBytes + WIRE_OVERHEAD_BYTES,
      expect: (status, fields) => {
        if (isRedirect(status, fields)) return UNWANTED;
        checkHead(fields, request);
        if (!reading) return { maxBytes, required: true };
        if (status < 200 || status > 299) return UNWANTED;
        return {
          maxBytes,
          required: true,
          pipe: reading.begin(joinedValue(fields['content-encoding']), maxBytes),
        };
      },
    });
    await reading?.end(deadline);
    return answer;
  } finally {
    reading?.stop();
  }
}

/** Throws where the head of an answer shows that its body is not wanted. */
function checkHead(
  fields: Answer['headers'],
  { accept, read, maxBytes = LARGEST_PAGE_BYTES }: PageRequest,
): void {
  if (accept && !accept(first(fields['content-type']))) throw new EgressError('unsupported_content_type');
  if (!read && Number(first(fields['content-length'])) > maxBytes) throw new EgressError('too_large');
}

async function toPage(
  url: URL,
  answer: Answer,
  deadline: Deadline,
  { memory, read, maxBytes = LARGEST_PAGE_BYTES }: PageRequest,
): Promise<Omit<FetchedPage, 'redirects' | 'durationMs'>> {
  const headers = joined(answer.headers);
  const body = read
    ? NO_BYTES
    : await deadline.race(decodeBody(answer.body, headers['content-encoding'], { maxBytes, memory }));
  return {
    url: url.href,
    status: answer.status,
    headers,
    contentType: first(answer.headers['content-type']),
    body,
  };
}

function isRedirect(status: number, fields: Answer['headers']): boolean {
  return REDIRECT_STATUSES.has(status) && fields['location'] !== undefined;
}

/** Where an answer redirects to, or null. The fragment is inherited where the Location has none (RFC 9110, 10.2.2). */
function redirectTarget({ status, headers }: Answer, base: URL): URL | null {
  if (!isRedirect(status, headers)) return null;
  // Header bytes arrive as Latin-1; servers that put more than ASCII into a Location mean UTF-8.
  const location = Buffer.from(first(headers['location']) ?? '', 'latin1').toString();
  const target = parseUrl(location, base);
  if (target === null) throw new EgressError('invalid_response', { cause: new Error('unparsable Location') });
  if (!location.includes('#')) target.hash = base.hash;
  return target;
}

function withoutFragment(url: URL): string {
  return url.href.slice(0, url.href.length - url.hash.length);
}

function first(value: string | string[] | undefined): string | null {
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

function joined(headers: Answer['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, joinedValue(value) ?? '']));
}

function joinedValue(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

const NO_BYTES = Buffer.alloc(0);
