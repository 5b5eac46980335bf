import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSER, noBrowser } from '../support/browser/browser.ts';
import { startDns, type FakeDns } from '../support/net/dns.ts';
import { startHttpProxy, startSocksProxy, type TestProxy } from '../support/net/proxy.ts';
import { startTestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';

const NAME = 'site.test';

describe('who resolves the names of sites behind proxies', () => {
  let site: Site;
  let dns: FakeDns;
  let proxies: [scheme: string, proxy: TestProxy][];
  before(async () => {
    const names = { [NAME]: '127.0.0.1' };
    proxies = [
      ['http', await startHttpProxy({ names })],
      ['socks5', await startSocksProxy({ names })],
    ];
    // It is not in what we would ask.
    dns = await startDns();
    site = await startSite({
      '/': page('Behind', 'Words of a site that only the proxy can find.'),
      '/inside': { status: 302, headers: { location: 'http://10.0.0.1/' } },
    });
  });
  after(async () => {
    for (const [, proxy] of proxies) await proxy[Symbol.asyncDispose]();
    await dns.close();
    await site[Symbol.asyncDispose]();
  });

  const urlOf = (path: string) => `http://${NAME}:${new URL(site.origin).port}${path}`;

  async function start([scheme, { port }]: (typeof proxies)[number], mode: 'local' | 'remote') {
    return await startTestService({
      PROXIES: `${scheme}://127.0.0.1:${port}`,
      PROXY_DNS: mode,
      DNS_SERVERS: dns.server,
      ALLOW_PRIVATE_TARGETS: '',
      ...(noBrowser === false && { CHROMIUM_PATH: BROWSER }),
    });
  }

  for (const render of [false, true])
    test(
      `with PROXY_DNS=remote it is the proxy${render ? ', of rendered pages too' : ''}`,
      { skip: render && noBrowser },
      async () => {
        for (const way of proxies) {
          await using service = await start(way, 'remote');
          const [scheme, proxy] = way;
          [proxy.asked.length, dns.queries.length] = [0, 0];
          const hosts = ['10.0.0.1', '127.1', '[::ffff:a00:1]', 'localhost'];
          const inside = [urlOf('/inside'), ...hosts.map((host) => `http://${host}/`)];
          const body = { urls: [urlOf('/'), ...inside], render, timeout_ms: 60_000 };
          const id = await service.api.queue('/v1/scrape/batch/async', body);
          const { result } = await service.api.finished(id);
          const [read, ...refused] = result.pages;
          assert.match(read.markdown ?? '', /only the proxy can find/, JSON.stringify(read.error));
          assert.deepEqual([read.via, read.rendered], [1, render || undefined], scheme);
          for (const { url, error } of refused) assert.equal(error?.code, 'blocked_target', url);
          assert.equal(refused.length, inside.length);
          assert.deepEqual([...new Set(proxy.asked)], [new URL(urlOf('/')).host], scheme);
          assert.deepEqual(dns.queries, [], 'no name is resolved here');
        }
      },
    );

  test('by default it is this service, and a name that it does not find is asked of no proxy', async () => {
    const [[, proxy]] = proxies as [(typeof proxies)[number]];
    await using service = await start(proxies[0]!, 'local');
    [proxy.asked.length, dns.queries.length] = [0, 0];
    const { result } = await service.api.finished(
      await service.api.queue('/v1/scrape/async', { url: urlOf('/') }),
    );
    assert.equal(result.error.code, 'dns_failed');
    assert.deepEqual(proxy.asked, []);
    assert.ok(dns.queries.some(({ name }) => name === NAME));
  });
});
