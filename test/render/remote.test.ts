import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { browserUser } from '../../src/render/browser-user.ts';
import { tryBrowser } from '../../src/render/renderer.ts';
import { CHROMIUM, noBrowser } from '../support/browser/browser.ts';
import { startTestService } from '../support/service.ts';
import { listen } from '../support/net/listen.ts';
import { startSite } from '../support/site.ts';

/** A browser that runs apart from the service, and the address of its DevTools. */
async function startRemoteBrowser(): Promise<{ url: string } & AsyncDisposable> {
  const user = await browserUser();
  const directory = await mkdtemp('/tmp/ollagraph-remote-');
  if (user) await chown(directory, user.uid, user.gid);
  const flags = ['--headless', '--disable-gpu', '--remote-debugging-port=0', `--user-data-dir=${directory}`];
  const child = spawn(CHROMIUM, flags, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/bin:/bin', HOME: directory },
    ...user,
  });
  const exited = once(child, 'exit');
  let url = '';
  for await (const line of createInterface({ input: child.stderr })) {
    url = /DevTools listening on (ws:\S+)/.exec(line)?.[1] ?? '';
    if (url !== '') break;
  }
  child.stderr.resume();
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
      await rm(directory, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

test(
  'a browser elsewhere renders pages, and is kept from private addresses',
  { skip: noBrowser },
  async () => {
    await using remote = await startRemoteBrowser();
    await using service = await startTestService({
      BROWSER_URL: remote.url,
      ALLOW_PRIVATE_TARGETS: '127.0.0.1/32',
    });
    await using site = await startSite({
      '/': '<main><p id="out"></p></main><script>out.textContent = "Words that a script wrote, to be read."</script>',
      '/inside': { status: 302, headers: { location: 'http://127.0.0.3/' } },
    });
    const scrape = async (path: string) =>
      (await service.api('POST', '/v1/scrape', { url: site.url(path), render: true })).json;
    const read = await scrape('/');
    assert.match(read.markdown, /Words that a script wrote/);
    assert.equal(read.rendered, true);
    assert.equal((await scrape('/inside')).error.code, 'blocked_target');
  },
);

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

test('a page in a browser elsewhere reaches nothing by frames and windows', { skip: noBrowser }, async () => {
  await using remote = await startRemoteBrowser();
  await using service = await startTestService({
    BROWSER_URL: remote.url,
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
  inside.close();
  other.close();
});

test('why a browser elsewhere is not reached says nothing of its address', async () => {
  await using refusing = await startSite({}, { fallback: { status: 401 } });
  const { host } = new URL(refusing.origin);
  for (const address of [
    `http://${host}/?token=of-the-operator`,
    `http://user:of-the-operator@${host}/`,
    `ws://${host}/of-the-operator?token=of-the-operator`,
  ])
    await assert.rejects(
      tryBrowser({ browser: { url: address }, allowTargets: [], dnsServers: [] }),
      ({ message }: Error) => {
        assert.match(message, /its address|WebSocket error/);
        assert.doesNotMatch(message, /of-the-operator/);
        return true;
      },
    );
});
