import { inspect } from 'node:util';
import type { Browser } from 'playwright-core';
import { createEgress } from '../../src/egress/index.ts';
import { guards, openBrowser } from '../../src/render/child/browser.ts';
import { Contexts } from '../../src/render/child/contexts.ts';
import { renderPage } from '../../src/render/child/page/render-page.ts';
import { findWayOut, type WayOut } from '../../src/render/child/way-out.ts';
import type { RenderRequest } from '../../src/render/messages.ts';

/** What guarded pages are rendered with. */
export interface GuardedPages {
  chromium: string;
  /** The DevTools address of a browser elsewhere, used instead. */
  remote: string | null;
  directory: string;
  user: { uid: number; gid: number } | null;
  allowTargets: string[];
  dnsServers: string[];
  requests: RenderRequest[];
  /** The guards that are left out, by the beginnings of their flags. */
  without: string[];
  /** Where the browser writes what it does on the network. */
  netLog: string;
}

/**
 * Renders pages one after the other as the service does, but for some guards, in a process of its
 * own: a browser does not run as root. Prints, as JSON, why each was not rendered; null where it
 * was.
 */
const given = JSON.parse(process.argv[2]!) as GuardedPages;
if (given.user) {
  process.setgroups!([given.user.gid]);
  process.setgid!(given.user.gid);
  process.setuid!(given.user.uid);
}
const { allowTargets, dnsServers, remote, requests } = given;
await using egress = createEgress({ allowTargets, allowWebhooks: [], dnsServers });
const { browser, proxyServer, wayOut } = remote === null ? await openHere() : await openElsewhere(remote);
await using _ = wayOut.proxy;

interface Opened {
  browser: Browser;
  proxyServer: string | null;
  wayOut: WayOut;
}

async function openHere(): Promise<Opened> {
  const { chromium, without, netLog } = given;
  const proxy = await egress.startForwardProxy();
  const all = guards(proxy.url);
  const kept = all.filter((flag) => !without.some((name) => flag.startsWith(name)));
  if (kept.length !== all.length - without.length)
    throw new Error(`some guard is none: ${without.join(', ')}`);
  const program = { ...given, browser: { path: chromium } };
  const opened = await openBrowser(program, [...kept, `--log-net-log=${netLog}`]);
  return { browser: opened, proxyServer: null, wayOut: { proxy, guarded: true } };
}

async function openElsewhere(url: string): Promise<Opened> {
  const address = { url, proxyHost: null, proxyPorts: [0, 0] } as const;
  const opened = await openBrowser({ ...given, browser: address }, []);
  const found = await findWayOut(opened, egress, address);
  if (!found.guarded) throw new Error('the browser does not reach this process');
  return { browser: opened, proxyServer: found.proxy.url, wayOut: found };
}

try {
  const signal = new AbortController().signal;
  const contexts = new Contexts(browser, {
    proxyServer,
    webRtc: remote === null,
    onBroken: () => {
      throw new Error('a page could not be closed');
    },
  });
  const around = { contexts, ...wayOut, signal, mayVisit: async () => true };
  const failures: (string | null)[] = [];
  for (const request of requests)
    failures.push(
      await renderPage(request, around).then(
        () => null,
        (error: unknown) => inspect(error),
      ),
    );
  console.log(JSON.stringify(failures));
} finally {
  await browser.close();
}
