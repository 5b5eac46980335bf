import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { tryBrowser } from '../../src/render/renderer.ts';
import { runCli } from '../cli/run-cli.ts';
import { BROWSER, noBrowser } from '../support/browser/browser.ts';
import { startRemoteBrowser } from '../support/browser/remote.ts';
import { startTestService } from '../support/service.ts';
import { listen } from '../support/net/listen.ts';
import { PROXY_ADDRESS, startHttpProxy } from '../support/net/proxy.ts';
import { startSite } from '../support/site.ts';

const SCRIPT = 'out.textContent = "Words that a script wrote, to be read."';
const SETTINGS = { allowTargets: [], dnsServers: [] };

/**
 * A browser that does not reach this process, as one in another network, and the variables of a
 * service that uses it.
 */
async function startApart() {
  const reserved = createServer();
  const port = await listen(reserved, '127.0.0.1');
  reserved.close();
  const flag = `--host-resolver-rules=MAP 127.0.0.1:${port} ~NOTFOUND`;
  const browser = await startRemoteBrowser(BROWSER, [flag]);
  const variables = { BROWSER_URL: browser.url, BROWSER_PROXY_PORTS: String(port) };
  return { variables, [Symbol.asyncDispose]: async () => await browser[Symbol.asyncDispose]() };
}

test('a browser that reaches this process goes out through it', { skip: noBrowser }, async () => {
  await using remote = await startRemoteBrowser(BROWSER);
  await using pool = await startHttpProxy();
  await using service = await startTestService({
    BROWSER_URL: remote.url,
    ALLOW_PRIVATE_TARGETS: '127.0.0.1/32',
    PROXIES: `http://127.0.0.1:${pool.port}`,
    PROXY_MODE: 'off',
  });
  const seen: (string | undefined)[] = [];
  await using site = await startSite({
    '/': (req, res) => {
      seen.push(req.socket.remoteAddress);
      res.setHeader('content-type', 'text/html');
      res.end(`<main><p id="out"></p></main><script>${SCRIPT}</script>`);
    },
    '/inside': { status: 302, headers: { location: 'http://127.0.0.3/' } },
  });
  const scrape = async (path: string, proxy: string) =>
    (await service.api('POST', '/v1/scrape', { url: site.url(path), render: true, proxy })).json;
  for (const proxy of ['none', 'pool']) {
    const read = await scrape('/', proxy);
    assert.match(read.markdown, /Words that a script wrote/);
    assert.equal(read.rendered, true);
  }
  assert.deepEqual([...new Set(seen)], ['127.0.0.1', PROXY_ADDRESS]);
  assert.equal((await scrape('/inside', 'none')).error.code, 'blocked_target');
});

test('whether a browser elsewhere is guarded is known when it starts', { skip: noBrowser }, async () => {
  await using near = await startRemoteBrowser(BROWSER);
  const browser = { url: near.url, proxyPorts: [0, 0] } as const;
  for (const proxyHost of [null, 'localhost', '127.0.0.7'])
    assert.deepEqual(await tryBrowser({ ...SETTINGS, browser: { ...browser, proxyHost } }), {
      guarded: true,
    });
  await assert.rejects(
    tryBrowser({ ...SETTINGS, browser: { ...browser, proxyHost: 'nowhere.invalid' } }),
    /does not reach this process at BROWSER_PROXY_HOST \(nowhere\.invalid\)/,
  );
});

/** Ways to an address that have no part in the page itself, each by a path of its own. */
const WAYS_ASIDE = (to: string, frame: string) => `<main><p>Words of a page that tries, to be read.</p>
<iframe src="${frame}"></iframe><a id="link" target="_blank" rel="noopener" href="${to}/link">A link</a></main><script>
  window.open('${to}/open');
  link.click();
  try { new SharedWorker('/worker.js'); } catch {}
</script>`;
const FRAME = (to: string) => `<img src="${to}/img"><script>
  fetch('${to}/fetch', { mode: 'no-cors' });
  window.open('${to}/open-in-frame');
</script>`;

test(
  'a page in a browser that makes its own connections reaches nothing by frames and windows',
  { skip: noBrowser },
  async () => {
    await using apart = await startApart();
    await using service = await startTestService({
      ...apart.variables,
      ALLOW_PRIVATE_TARGETS: '127.0.0.1/32,127.0.0.2/32',
    });
    const reached: (string | undefined)[] = [];
    const inside = createServer((req, res) => void res.end(String(reached.push(req.url))));
    const to = `http://127.0.0.3:${await listen(inside, '127.0.0.3')}`;
    const framed: (string | undefined)[] = [];
    const other = createServer((req, res) => {
      framed.push(req.url);
      res.writeHead(200, { 'content-type': 'text/html' }).end(FRAME(to));
    });
    const frame = `http://127.0.0.2:${await listen(other, '127.0.0.2')}/frame`;
    await using site = await startSite({
      '/': WAYS_ASIDE(to, frame),
      '/worker.js': {
        headers: { 'content-type': 'text/javascript' },
        body: `fetch('${to}/worker', { mode: 'no-cors' })`,
      },
    });
    const options = { render: true, block: [], wait_for: { ms: 2000 } };
    const { json } = await service.api('POST', '/v1/scrape', { url: site.url('/'), ...options });
    assert.match(json.markdown ?? '', /that tries/, JSON.stringify(json.error));
    assert.deepEqual(framed, ['/frame']);
    assert.deepEqual(reached, []);
    const env = { ...apart.variables, DATABASE_URL: service.context.databaseUrl };
    const { stdout } = await runCli(env, ['doctor', '--json']);
    assert.match(stdout, /not guarded: the browser at BROWSER_URL does not reach this process/);
    inside.close();
    other.close();
  },
);

test('why a browser elsewhere is not reached says nothing of its address', async () => {
  await using refusing = await startSite({}, { fallback: { status: 401 } });
  const { host } = new URL(refusing.origin);
  for (const address of [
    `http://${host}/?token=of-the-operator`,
    `http://user:of-the-operator@${host}/`,
    `ws://${host}/of-the-operator?token=of-the-operator`,
  ])
    await assert.rejects(
      tryBrowser({
        ...SETTINGS,
        browser: { url: address, proxyHost: null, proxyPorts: [0, 0] },
      }),
      ({ message }: Error) => {
        assert.match(message, /its address|WebSocket error/);
        assert.doesNotMatch(message, /of-the-operator/);
        return true;
      },
    );
});
