import { createEgress } from '../../src/egress/index.ts';
import { guards, openBrowser } from '../../src/render/child/browser.ts';
import { Contexts } from '../../src/render/child/contexts.ts';
import { renderPage } from '../../src/render/child/render-page.ts';
import type { RenderRequest } from '../../src/render/messages.ts';

/** What a guarded page is rendered with. */
export interface GuardedPage {
  chromium: string;
  directory: string;
  user: { uid: number; gid: number } | null;
  allowTargets: string[];
  dnsServers: string[];
  request: RenderRequest;
  /** The guards that are left out, by the beginnings of their flags. */
  without: string[];
  /** Where the browser writes what it does on the network. */
  netLog: string;
}

/**
 * Renders a page as the service does, but for one guard, in a process of its own: a browser does
 * not run as root.
 */
const given = JSON.parse(process.argv[2]!) as GuardedPage;
if (given.user) {
  process.setgroups!([given.user.gid]);
  process.setgid!(given.user.gid);
  process.setuid!(given.user.uid);
}
const { allowTargets, dnsServers, chromium, without, request } = given;
await using egress = createEgress({ allowTargets, allowWebhooks: [], dnsServers });
await using proxy = await egress.startForwardProxy();
const all = guards(proxy.url);
const kept = all.filter((flag) => !without.some((name) => flag.startsWith(name)));
if (kept.length !== all.length - without.length) throw new Error(`some guard is none: ${without.join(', ')}`);
const browser = await openBrowser({ ...given, browser: { path: chromium } }, [
  ...kept,
  `--log-net-log=${given.netLog}`,
]);
try {
  const signal = new AbortController().signal;
  const contexts = new Contexts(browser, () => {
    throw new Error('a page could not be closed');
  });
  await renderPage(request, { contexts, proxy, signal, mayVisit: async () => true, remote: false });
} finally {
  await browser.close();
}
