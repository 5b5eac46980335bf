import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createEgress, type Egress } from '../../../src/egress/index.ts';
import { parseUpstream } from '../../../src/egress/upstream/upstream.ts';
import { ambiguousUrls, DISGUISES, PRIVATE_HOSTS, PRIVATE_NAMES } from '../../security/private-hosts.ts';
import { failure } from '../../support/checks/failure.ts';
import { startDns, type FakeDns } from '../../support/net/dns.ts';
import { listen } from '../../support/net/listen.ts';

const PUBLIC = '93.184.215.14';
const SCHEMES = ['http', 'https', 'socks5'];

describe("a caller's proxy at a private address gets no connection", () => {
  /** Listens on every address of this machine, IPv4 and IPv6. */
  let connections = 0;
  const canary = createServer((socket) => socket.destroy(void connections++));
  let port: number;
  let dns: FakeDns;
  let egress: Egress;
  before(async () => {
    port = await listen(canary, '::');
    dns = await startDns(PRIVATE_NAMES);
    egress = egressWith([]);
  });
  after(async () => {
    await egress.close();
    await dns.close();
    canary.close();
  });

  function egressWith(allowTargets: string[]): Egress {
    return createEgress({ allowTargets, allowWebhooks: [], dnsServers: [dns.server] });
  }

  async function refuses(proxy: string, from = egress): Promise<void> {
    const upstream = parseUpstream(proxy, { guarded: true });
    assert.ok(upstream, proxy);
    const via = { upstream, timeoutMs: 2000 };
    const fetched = from.fetchPage({ url: `http://${PUBLIC}/`, userAgent: 'test', timeoutMs: 5000, via });
    await failure(fetched, 'blocked_target');
    assert.equal(connections, 0, proxy);
  }

  test('in any spelling, behind any user name', async () => {
    for (const scheme of SCHEMES)
      for (const host of PRIVATE_HOSTS)
        for (const disguise of DISGUISES) await refuses(`${scheme}://${disguise(host)}:${port}`);
  });

  test('by a name that resolves to one, alone or among others', async () => {
    for (const scheme of SCHEMES)
      for (const name of Object.keys(PRIVATE_NAMES)) await refuses(`${scheme}://${name}:${port}`);
  });

  test('by a name that is permitted once, and changes', async () => {
    await using open = egressWith(['127.0.0.2/32']);
    for (const scheme of SCHEMES) {
      let queries = 0;
      const name = `rebinding-${scheme}.test`;
      dns.zone.set(name, ({ type }) => ({
        a: type === 'A' ? [queries++ === 0 ? '127.0.0.2' : '127.0.0.1'] : [],
      }));
      // It goes to the address that was checked, and the canary is at that one too.
      const upstream = parseUpstream(`${scheme}://${name}:${port}`, { guarded: true })!;
      const request = { url: `http://${PUBLIC}/`, userAgent: 'test', timeoutMs: 5000 };
      await failure(open.fetchPage({ ...request, via: { upstream, timeoutMs: 2000 } }), 'proxy_failed');
      assert.deepEqual([connections, queries], [1, 1]);
      connections = 0;
      await refuses(`${scheme}://${name}:${port}`, open);
    }
  });

  test('what may be read in two ways is no proxy at all', () => {
    for (const scheme of SCHEMES)
      for (const url of ambiguousUrls(scheme, port)) assert.equal(parseUpstream(url), null, url);
  });
});
