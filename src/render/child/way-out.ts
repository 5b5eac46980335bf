import type { Browser } from 'playwright-core';
import type { RemoteBrowser } from '../../config/config.ts';
import { ownAddressTowards, type Egress, type ForwardProxy } from '../../egress/index.ts';

/** How a browser's pages go out. */
export interface WayOut {
  /** Decides on each connection of a guarded browser, and says of others what they may request. */
  proxy: ForwardProxy;
  /** Whether nothing of the browser's goes past the proxy. */
  guarded: boolean;
}

/** How long a browser may take to reach this process. */
const REACH_LIMIT_MS = 5000;
/** For documentation: nobody is there, and the proxy refuses it without asking anybody. */
const NOWHERE = 'http://192.0.2.1/';

/**
 * The way out for the pages of a browser elsewhere: through this process, where the browser reaches
 * it. Without a host that is tried on private networks. Throws where the browser does not reach the
 * host that it should.
 */
export async function findWayOut(
  browser: Browser,
  egress: Egress,
  { url, proxyHost, proxyPorts: ports }: RemoteBrowser,
): Promise<WayOut> {
  const host = proxyHost ?? (await ownAddressTowards(hostOf(url)));
  if (host !== null) {
    const proxy = await egress.startForwardProxy({ host, ports });
    if (await reaches(browser, proxy)) return { proxy, guarded: true };
    await proxy[Symbol.asyncDispose]();
  }
  if (proxyHost !== null)
    throw new Error(`the browser does not reach this process at BROWSER_PROXY_HOST (${proxyHost})`);
  return { proxy: await egress.startForwardProxy(), guarded: false };
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

/** Whether a page of the browser gets as far as the proxy, and is known there. */
async function reaches(browser: Browser, proxy: ForwardProxy): Promise<boolean> {
  using visit = proxy.admit({ maxBytes: 0, maxRequests: 1, via: null, payer: '' });
  const { username, password } = visit;
  const context = await browser.newContext({ proxy: { server: proxy.url, username, password } });
  try {
    const page = await context.newPage();
    await page.goto(NOWHERE, { timeout: REACH_LIMIT_MS }).catch(() => {}); // in any case
    return visit.usage.requests > 0;
  } finally {
    await context.close();
  }
}
