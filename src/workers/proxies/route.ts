import type { Config } from '../../config/index.ts';
import { parseUpstream, type Upstream } from '../../egress/index.ts';
import type { ScrapeOptions } from '../../jobs/options.ts';

/** The way that a job's fetches take. */
export type Route =
  | { kind: 'direct' }
  /** Through a proxy of the operator's. */
  | { kind: 'pool' }
  /** Direct, then through the pool where the site blocks that. */
  | { kind: 'fallback' }
  /** Through a proxy that the caller names. */
  | { kind: 'caller'; upstream: Upstream };

const DIRECT: Route = { kind: 'direct' };
const MODES = { off: DIRECT, on: { kind: 'pool' }, on_block: { kind: 'fallback' } } as const;

export type ProxyConfig = Pick<Config, 'proxies' | 'proxyMode' | 'proxyDns' | 'allowCallerProxies'>;

/** The way that a job's options ask for. Null where this installation does not have it. */
export function routeFor(proxy: ScrapeOptions['proxy'], config: ProxyConfig): Route | null {
  const hasPool = config.proxies.length > 0;
  if (proxy === 'none' || (proxy === null && !hasPool)) return DIRECT;
  if (proxy === null) return MODES[config.proxyMode];
  if (proxy === 'pool') return hasPool ? { kind: 'pool' } : null;
  const upstream = config.allowCallerProxies ? parseUpstream(proxy.url, { guarded: true }) : null;
  return upstream && { kind: 'caller', upstream };
}

/** The operator's proxies in their order. */
export function poolOf({ proxies, proxyDns }: ProxyConfig): Upstream[] {
  return proxies.flatMap((url) => parseUpstream(url, { resolvesNames: proxyDns === 'remote' }) ?? []);
}
