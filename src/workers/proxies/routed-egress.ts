import {
  EgressError,
  PROXY_MS,
  proxyErrorOf,
  ProxyPool,
  type Egress,
  type FetchedPage,
  type PageRequest,
  type Via,
} from '../../egress/index.ts';
import { blockVerdict, isRefusal, type Answer as SiteAnswer } from '../../scrape/block/index.ts';
import type { Route } from './route.ts';

/** The most proxies of the pool that one fetch tries. */
const TRIES = 3;
/** With less time left no other proxy is tried. */
const LEAST_MS = 50;
/** The statuses with which sites turn robots away. */
const BLOCK_STATUSES: ReadonlySet<number> = new Set([403, 429, 503]);

/** The number of a proxy of the pool, or the caller's own; null: none. */
export type ViaName = number | 'caller' | null;

/** A page, and the way that it came. */
export type RoutedPage = FetchedPage & { via: ViaName };

/** The way of a fetch, and which fetches it shares a proxy with. */
export interface Routing {
  route: Route;
  /** Fetches with the same key go through the same proxy of the pool. */
  stickiness: string;
}

/** Something to fetch, by a request or by a browser. */
export interface Carriage<T> {
  /** The host. */
  site: string;
  timeoutMs: number;
  /** Fetches it through a proxy, or directly. May be called again, with less time. */
  fetch(via: Via | null, timeoutMs: number): Promise<T>;
}

/** What came of it, and the way that it came. */
export interface Carried<T> {
  result: T;
  via: ViaName;
}

/** An answer of a site; null: the browser did not render it. */
type Answer = SiteAnswer | null;

/** Fetches pages directly or through proxies. */
export class RoutedEgress {
  readonly #egress: Egress;
  readonly #pool: ProxyPool;

  constructor(egress: Egress, pool: ProxyPool) {
    this.#egress = egress;
    this.#pool = pool;
  }

  /** Fetches a page. Rejects as `fetchPage` does. */
  async fetch(request: PageRequest, routing: Routing): Promise<RoutedPage> {
    const { result, via } = await this.carry(routing, {
      site: new URL(request.url).host,
      timeoutMs: request.timeoutMs,
      fetch: async (way, timeoutMs) => await this.#egress.fetchPage({ ...request, timeoutMs, via: way }),
    });
    return { ...result, via };
  }

  /** Fetches by a route. Rejects as the `fetch` of the carriage does. */
  async carry<T extends Answer>(routing: Routing, carriage: Carriage<T>): Promise<Carried<T>> {
    const { route } = routing;
    const { timeoutMs } = carriage;
    if (route.kind === 'pool') return await this.#throughPool(routing, carriage);
    if (route.kind === 'fallback') return await this.#withFallback(routing, carriage);
    if (route.kind === 'direct') return { result: await carriage.fetch(null, timeoutMs), via: null };
    const via = { upstream: route.upstream, timeoutMs: Math.min(PROXY_MS, timeoutMs) };
    return { result: await carriage.fetch(via, timeoutMs), via: 'caller' };
  }

  /** Tries another proxy where one fails, while there is time. */
  async #throughPool<T>({ stickiness }: Routing, carriage: Carriage<T>): Promise<Carried<T>> {
    const deadline = performance.now() + carriage.timeoutMs;
    const tried = new Set<number>();
    for (;;) {
      const proxy = this.#pool.pick(stickiness, tried);
      if (proxy === null) throw new EgressError('proxy_failed');
      const leftMs = Math.max(LEAST_MS, deadline - performance.now());
      const via = { upstream: proxy.upstream, timeoutMs: Math.min(PROXY_MS, carriage.timeoutMs / TRIES) };
      try {
        const result = await carriage.fetch(via, leftMs);
        this.#pool.succeeded(proxy);
        return { result, via: proxy.number };
      } catch (error) {
        const fault = proxyErrorOf(error);
        if (fault === null) throw error;
        this.#pool.failed(proxy, { key: stickiness, site: carriage.site }, fault);
        tried.add(proxy.number);
        const isLate = deadline - performance.now() < LEAST_MS;
        if (isLate || tried.size >= Math.min(TRIES, this.#pool.size)) throw error;
      }
    }
  }

  /** Takes the direct answer where the pool has none that is better. */
  async #withFallback<T extends Answer>(routing: Routing, carriage: Carriage<T>): Promise<Carried<T>> {
    const deadline = performance.now() + carriage.timeoutMs;
    const rest = () => ({ ...carriage, timeoutMs: deadline - performance.now() });
    const isLate = () => rest().timeoutMs < LEAST_MS;
    let result: T;
    try {
      result = await carriage.fetch(null, carriage.timeoutMs);
    } catch (error) {
      if (!isRefused(error) || isLate()) throw error;
      return await this.#throughPool(routing, rest()).catch(() => Promise.reject(error));
    }
    const direct = { result, via: null };
    if (result === null || !turnsAway(result) || isLate()) return direct;
    return await this.#throughPool(routing, rest()).catch(() => direct);
  }
}

/**
 * Whether a site turns the visitor away, by status and headers: then the pool is tried at once. The
 * body is judged later, by the reader.
 */
export function turnsAway(answer: SiteAnswer): boolean {
  return BLOCK_STATUSES.has(answer.status) || isRefusal(blockVerdict(answer, null));
}

function isRefused(error: unknown): boolean {
  return error instanceof EgressError && error.code === 'connection_failed';
}
