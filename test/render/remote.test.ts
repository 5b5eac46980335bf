import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { browserUser } from '../../src/render/browser-user.ts';
import { CHROMIUM, noBrowser } from '../support/browser/browser.ts';
import { startTestService } from '../support/service.ts';
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
