import { ACCEPT_ENCODING, ACCEPT_STREAMED } from '../body/codings.ts';
import { decodeBeginning, decodePage } from '../body/decode.ts';
import { LARGEST_PAGE_BYTES, type BodyMemory } from '../body/memory.ts';
import { BodyReading } from '../body/read.ts';
import type { Network } from '../connect/network.ts';
import { parseUrl, targetOf } from '../connect/url-policy.ts';
import { Deadline } from '../deadline.ts';
import { EgressError } from '../errors.ts';
import { exchange } from '../exchange/exchange.ts';
import type { Answer, BodyExpectation } from '../exchange/types.ts';
import { credentialKey, wireHeaders, withoutCredentials, type HeaderRecord } from '../headers.ts';
import type { HeaderFields } from '../http1/head.ts';
import { codingField, contentTypeOf, firstField, isPart, joinedFields } from '../http1/answer-fields.ts';
import { SiteCookies } from './cookies.ts';
import { isRedirect, redirectTarget } from './redirect.ts';
import type { AnsweredPage, FetchedPage, Hop, PageRequest } from './types.ts';

const MAX_REDIRECTS = 10;
/** An unwanted body, like a redirect's own, is read only to keep the connection. */
const UNWANTED: BodyExpectation = { maxBytes: 16 * 1024, required: false, patienceMs: 500 };
/** For heads, informational answers and the framing of an honest body. */
const WIRE_OVERHEAD_BYTES = 512 * 1024;

const ACCEPT = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

/**
 * GETs a page, following at most 10 redirects, each checked like the first. Headers that could be a
 * credential stay with the origin they were meant for; cookies that are set on the way go back to
 * their sites, and end with the fetch unless `cookies` is given. Any status is an answer. Rejects
 * with an EgressError whose code is a page's, or with what `onRedirect` threw.
 */
export async function fetchPage(network: Network, request: PageRequest): Promise<FetchedPage> {
  return await new PageFetch(network, request).run();
}

class PageFetch {
  readonly #network: Network;
  readonly #request: PageRequest;
  readonly #startedAt = performance.now();
  readonly #deadline: Deadline;
  readonly #memory: BodyMemory | undefined;
  readonly #maxBytes: number;
  readonly #cookies: SiteCookies;
  readonly #hops: Hop[] = [];
  /** What was requested, each URL with its cookies: the same again is a loop. */
  readonly #visited = new Set<string>();
  #headers: HeaderRecord;

  constructor(network: Network, request: PageRequest) {
    this.#network = network;
    this.#request = request;
    this.#deadline = new Deadline(request.timeoutMs, request.signal);
    this.#memory = request.memory && heldBy(this.#deadline, request.memory);
    this.#cookies = request.cookies ?? new SiteCookies();
    this.#maxBytes = request.maxBytes ?? LARGEST_PAGE_BYTES;
    this.#headers = {
      accept: ACCEPT,
      'user-agent': request.userAgent,
      ...wireHeaders(request.headers ?? {}),
    };
  }

  async run(): Promise<FetchedPage> {
    let url = this.#network.permitted(this.#request.url);
    for (;;) {
      const visit = this.#visitKey(url);
      this.#visited.add(visit);
      const answer = await this.#get(url);
      this.#cookies.remember(url, answer.fields);
      // With other cookies, or without one that was there, no URL is known any more.
      const isChanged = this.#visitKey(url) !== visit;
      if (isChanged) this.#visited.clear();
      if (isRedirect(answer.status, answer.fields)) {
        const target = redirectTarget(answer.fields, url);
        if (!this.#mayFollow(target)) throw new EgressError('too_many_redirects');
        url = await this.#follow(target, { url, status: answer.status });
        continue;
      }
      const page = await this.#toPage(url, answer);
      const refreshed = this.#refreshTarget(page, url, isChanged);
      if (refreshed === null)
        return { ...page, hops: this.#hops, durationMs: performance.now() - this.#startedAt };
      url = await this.#follow(refreshed, { url, status: page.status });
    }
  }

  #mayFollow(target: URL): boolean {
    return this.#hops.length < MAX_REDIRECTS && !this.#visited.has(this.#visitKey(target));
  }

  /**
   * A refresh that loops, leads too far, or leads where it may not is not followed: the page is
   * complete without it. It may lead to the page itself where that has changed the cookies.
   */
  #refreshTarget(page: AnsweredPage, url: URL, isChanged: boolean): URL | null {
    const reference = this.#request.refresh?.(page) ?? null;
    const target = reference === null ? null : parseUrl(reference, url);
    if (target === null) return null;
    if (!isChanged && withoutFragment(target) === withoutFragment(url)) return null;
    return this.#mayFollow(target) && this.#network.refusal(target.href) === null ? target : null;
  }

  async #follow(target: URL, from: { url: URL; status: number }): Promise<URL> {
    this.#network.check(target);
    this.#hops.push({ url: from.url.href, status: from.status });
    const { onRedirect } = this.#request;
    if (onRedirect) await this.#deadline.race(Promise.resolve(onRedirect(target.href)));
    if (target.origin !== from.url.origin) this.#headers = withoutCredentials(this.#headers);
    return target;
  }

  #visitKey(url: URL): string {
    return `${withoutFragment(url)}\n${this.#cookies.header(url, undefined) ?? ''}`;
  }

  async #get(url: URL): Promise<Answer> {
    const { skipTlsVerification = false, via = null } = this.#request;
    const reading = this.#request.read && new BodyReading(this.#request.read);
    try {
      const answer = await exchange(this.#network.pool, {
        target: targetOf(url, { skipTlsVerification, via }),
        path: url.pathname + url.search,
        method: 'GET',
        headers: this.#headersFor(url),
        credentialKey: credentialKey(this.#headers),
        body: null,
        payer: this.#request.payer,
        timeoutMs: this.#deadline.remainingMs,
        signal: this.#request.signal,
        memory: this.#memory,
        maxWireBytes: 2 * this.#maxBytes + WIRE_OVERHEAD_BYTES,
        expect: (status, fields) => this.#expect(status, fields, reading),
      });
      await reading?.end(this.#deadline);
      return answer;
    } finally {
      reading?.stop();
    }
  }

  #headersFor(url: URL): HeaderRecord {
    const { cookie, ...headers } = this.#headers;
    const cookies = this.#cookies.header(url, cookie);
    return {
      ...headers,
      ...(cookies === undefined ? {} : { cookie: cookies }),
      'accept-encoding': this.#request.read ? ACCEPT_STREAMED : ACCEPT_ENCODING,
    };
  }

  /** Throws where the head of an answer shows that its body is not wanted. */
  #expect(status: number, fields: HeaderFields, reading: BodyReading | undefined): BodyExpectation {
    if (isRedirect(status, fields)) return UNWANTED;
    const maxBytes = this.#maxBytes;
    const { accept } = this.#request;
    const contentType = contentTypeOf(fields);
    const coding = codingField(fields);
    if (accept && !accept(contentType)) {
      const probe = (beginning: Buffer) => {
        if (!accept(contentType, decodeBeginning(beginning, coding)))
          throw new EgressError('unsupported_content_type');
      };
      return { maxBytes, required: true, probe };
    }
    if (!reading) {
      if (Number(firstField(fields, 'content-length')) > maxBytes) throw new EgressError('too_large');
      return { maxBytes, required: true };
    }
    if (status < 200 || status > 299) return UNWANTED;
    return { maxBytes, required: true, pipe: reading.begin(coding, maxBytes) };
  }

  async #toPage(url: URL, { status, fields, body, truncated }: Answer): Promise<AnsweredPage> {
    const coding = codingField(fields);
    const contentType = contentTypeOf(fields);
    const limits = { maxBytes: this.#maxBytes, memory: this.#memory };
    const decoded = this.#request.read
      ? { bytes: NO_BYTES, truncated: false }
      : await this.#deadline.race(decodePage(body, { coding, contentType }, limits));
    return {
      url: url.href,
      status,
      headers: joinedFields(fields),
      robotsTags: [fields['x-robots-tag'] ?? []].flat(),
      contentType,
      body: decoded.bytes,
      truncated: truncated || decoded.truncated || isPart(status, fields),
    };
  }
}

/** The deadline is held while the fetch waits for memory. */
function heldBy(deadline: Deadline, memory: BodyMemory): BodyMemory {
  return {
    need: async (bytes) => await deadline.hold(memory.need(bytes)),
    shrink: (bytes) => memory.shrink(bytes),
  };
}

function withoutFragment(url: URL): string {
  return url.href.slice(0, url.href.length - url.hash.length);
}

const NO_BYTES = Buffer.alloc(0);
