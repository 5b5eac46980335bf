import { CidrList } from './connect/address.ts';
import { AddressBudget, createAddressBudgetMemory } from './budget/address-budget.ts';
import { Deadline } from './deadline.ts';
import { EgressError } from './errors.ts';
import { ForwardProxy } from './forward-proxy/forward-proxy.ts';
import type { ListeningPlace } from './forward-proxy/listen.ts';
import { fetchPage } from './page/fetch-page.ts';
import type { FetchedPage, PageRequest } from './page/types.ts';
import { Network } from './connect/network.ts';
import { AddressTrial } from './budget/trial.ts';
import { post, type PostRequest, type PostResult } from './post.ts';
import { createResolve } from './connect/names/resolve.ts';
import { isProxyPort, parseUrl, targetOf, type Target } from './connect/url-policy.ts';
import type { Upstream, Via } from './upstream/upstream.ts';

export { CidrList } from './connect/address.ts';
export {
  AddressBudget,
  createAddressBudgetMemory,
  type AddressBudgetMemory,
} from './budget/address-budget.ts';
export {
  AddressBusyError,
  EgressError,
  isRetryable,
  type EgressErrorCode,
  type PageFetchErrorCode,
  type Timings,
  type WebhookErrorCode,
} from './errors.ts';
export { TARGET_RULES, type TargetRule } from './connect/target-rules.ts';
export { TLS_FAULTS, type TlsFault } from './connect/tls/faults.ts';
export { BodyCollector, LARGEST_PAGE_BYTES, type BodyMemory } from './body/memory.ts';
export { callerHeaders, withoutCredentials } from './headers.ts';
export { ProxyPool, type ProxyReport } from './upstream/pool.ts';
export { proxyErrorOf } from './upstream/proxy-error.ts';
export {
  addressOf,
  parseUpstream,
  PROXY_MS,
  shownUrl,
  type Upstream,
  type Via,
} from './upstream/upstream.ts';
export { cookieFault, SiteCookies, type GivenCookie } from './page/cookies.ts';
export type { KeptCookie } from './page/kept-cookies.ts';
export { CookieSession, type SetCookie } from './page/cookie-session.ts';
export { ForwardProxy } from './forward-proxy/forward-proxy.ts';
export { ownAddressTowards } from './connect/own-address.ts';
export type { PageTraffic } from './forward-proxy/page-traffic.ts';
export type { BodyReader } from './body/read.ts';
export type { StreamedBody } from './body/streamed.ts';
export type { AnsweredPage, FetchedPage, PageRequest } from './page/types.ts';
export type { PostRequest, PostResult } from './post.ts';

export interface EgressOptions {
  /** Networks that may be scraped in spite of being private. Does not open webhooks. */
  allowTargets: CidrList | string[];
  /** Networks that may be called back in spite of being private. Does not open scraping. */
  allowWebhooks: CidrList | string[];
  /**
   * `address:port` of the DNS servers to ask in place of the system's. The hosts file and search
   * domains still count.
   */
  dnsServers?: string[];
  /**
   * Trusted in place of Node's own certificate authorities (which include NODE_EXTRA_CA_CERTS),
   * PEM.
   */
  ca?: string;
  connectionsPerOrigin?: { pages: number; webhooks: number };
  /** Limits the connections for pages by address. */
  pageBudget?: AddressBudget;
  /** The proxy that callbacks go through. */
  webhookVia?: Via | undefined;
}

export type PageUrlCheck = { ok: true } | { ok: false; reason: PageUrlRefusal };
export type PageUrlRefusal = 'not_http' | 'invalid' | 'userinfo' | 'port' | 'blocked_target';
export type ProxyCheck = { ok: true } | { ok: false; reason: 'port' | 'blocked_target' };
export type WebhookUrlCheck = { ok: true } | { ok: false; reason: WebhookUrlRefusal };
export type WebhookUrlRefusal = 'not_https' | 'invalid' | 'userinfo' | 'port' | 'blocked_target';

/** The one place that opens outgoing connections. */
export interface Egress extends AsyncDisposable {
  fetchPage(request: PageRequest): Promise<FetchedPage>;
  post(request: PostRequest): Promise<PostResult>;
  /**
   * Starts a proxy for a browser, under the rules of pages: on loopback, or where a browser
   * elsewhere reaches it.
   */
  startForwardProxy(at?: ListeningPlace): Promise<ForwardProxy>;
  /** Checks what a page's URL says by itself; nothing is resolved. */
  checkPageUrl(url: string): PageUrlCheck;
  /**
   * Checks a callback's URL, and what its host resolves to within 2 s; a host that does not resolve
   * is fine.
   */
  checkWebhookUrl(url: string): Promise<WebhookUrlCheck>;
  /** Checks whether a caller's proxy may be asked, and what its host resolves to within 2 s. */
  checkProxy(upstream: Upstream): Promise<ProxyCheck>;
  /** Closes every connection; what is under way fails with `connection_failed`. */
  close(): Promise<void>;
}

/**
 * For webhooks, so many that the dispatcher's own limits apply first: accounts may share the host
 * of their receivers.
 */
const CONNECTIONS_PER_ORIGIN = { pages: 16, webhooks: 1024 };
/** Counts toward the connections to one address of receivers that have accepted nothing yet. */
const WEBHOOK_CONCURRENCY = 16;
const CREATION_CHECK_MS = 2000;
/** The certificate of an issuer is one or two kilobytes. */
const ISSUER = { userAgent: 'Ollagraph', timeoutMs: 5000, maxBytes: 64 * 1024 };

export function createEgress(options: EgressOptions): Egress {
  const resolve = createResolve(options.dnsServers);
  const connections = options.connectionsPerOrigin ?? CONNECTIONS_PER_ORIGIN;
  const pages = new Network({
    schemes: ['http:', 'https:'],
    allow: toCidrList(options.allowTargets),
    resolve,
    ca: options.ca,
    connectionsPerOrigin: connections.pages,
    budget: options.pageBudget,
    fetchIssuer: async (url, via, signal) => (await fetchPage(pages, { ...ISSUER, url, via, signal })).body,
  });
  const webhooks = new Network({
    schemes: ['https:'],
    allow: toCidrList(options.allowWebhooks),
    resolve,
    ca: options.ca,
    connectionsPerOrigin: connections.webhooks,
    budget: new AddressBudget({
      memory: createAddressBudgetMemory(1),
      thread: 0,
      concurrency: WEBHOOK_CONCURRENCY,
    }),
    via: options.webhookVia,
  });
  const trial = new AddressTrial();
  const close = async () => {
    pages.pool.close();
    webhooks.pool.close();
  };
  return {
    fetchPage: (request) => fetchPage(pages, request),
    post: (request) => post(webhooks, trial, request),
    startForwardProxy: (at) => ForwardProxy.start(pages, at),
    checkPageUrl: (url) => checkPageUrl(pages, url),
    checkProxy: (upstream) => checkProxy(pages, upstream),
    checkWebhookUrl: (url) => checkWebhookUrl(webhooks, url),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function toCidrList(networks: CidrList | string[]): CidrList {
  return Array.isArray(networks) ? new CidrList(networks) : networks;
}

function checkPageUrl(pages: Network, url: string): PageUrlCheck {
  const refusal = pages.refusal(url);
  if (refusal === null) return { ok: true };
  return { ok: false, reason: refusal === 'scheme' ? 'not_http' : refusal };
}

async function checkWebhookUrl(webhooks: Network, text: string): Promise<WebhookUrlCheck> {
  const refusal = webhooks.refusal(text);
  if (refusal !== null) return { ok: false, reason: refusal === 'scheme' ? 'not_https' : refusal };
  return await checkHost(webhooks, targetOf(parseUrl(text)!));
}

async function checkProxy(pages: Network, upstream: Upstream): Promise<ProxyCheck> {
  if (!isProxyPort(upstream)) return { ok: false, reason: 'port' };
  return await checkHost(pages, { hostname: upstream.hostname, rooted: false });
}

/** A host that does not resolve now may do so later. */
async function checkHost(
  network: Network,
  host: Pick<Target, 'hostname' | 'rooted'>,
): Promise<{ ok: true } | { ok: false; reason: 'blocked_target' }> {
  try {
    await new Deadline(CREATION_CHECK_MS).race(network.checkHost(host));
  } catch (error) {
    if (error instanceof EgressError && error.code === 'blocked_target')
      return { ok: false, reason: 'blocked_target' };
  }
  return { ok: true };
}
