import { inspect } from 'node:util';
import { createEgress } from '../../src/egress/index.ts';
import { guards, openBrowser } from '../../src/render/child/browser.ts';
import { Contexts } from '../../src/render/child/contexts.ts';
import { renderPage } from '../../src/render/child/render-page.ts';
import type { RenderRequest } from '../../src/render/messages.ts';

/** What guarded pages are rendered with. */
export interface GuardedPages {
  chromium: string;
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
const { allowTargets, dnsServers, chromium, without, requests } = given;
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
  const around = { contexts, proxy, signal, mayVisit: async () => true, remote: false };
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
