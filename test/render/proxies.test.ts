import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { BROWSER, noBrowser } from '../support/browser/browser.ts';
import { PROXY_ADDRESS, startHttpProxy, startSocksProxy } from '../support/net/proxy.ts';
import { startTestService } from '../support/service.ts';
import { startSite } from '../support/site.ts';

const APP = `<!doctype html><title>App</title><main></main><script>
  fetch('/words').then((answer) => answer.text()).then((words) => {
    document.querySelector('main').textContent = words;
  });
</script>`;

describe('rendering through proxies', { skip: noBrowser }, () => {
  test('all that a page loads goes through the proxy of its route', async () => {
    const credentials = { username: 'operator', password: 'of the proxy' };
    await using pool = await startHttpProxy({ credentials });
    await using own = await startSocksProxy();
    const seen: (string | undefined)[] = [];
    const watched = (body: string) => (req: IncomingMessage, res: ServerResponse) => {
      seen.push(req.socket.remoteAddress);
      res.writeHead(200, { 'content-type': 'text/html' }).end(body);
    };
    await using site = await startSite({
      '/': watched(APP),
      '/words': watched('Words that a script loads.'),
    });
    await using service = await startTestService({
      CHROMIUM_PATH: BROWSER,
      PROXIES: `http://operator:of%20the%20proxy@127.0.0.1:${pool.port}`,
      PROXY_MODE: 'off',
      ALLOW_CALLER_PROXIES: 'true',
    });
    const render = async (proxy: unknown) => {
      seen.length = 0;
      const body = { url: site.url('/'), render: true, proxy };
      const { json } = await service.api('POST', '/v1/scrape', body);
      assert.match(json.markdown ?? '', /Words that a script loads/, JSON.stringify(json.error));
      assert.ok(seen.length >= 2);
      return [json.via, ...new Set(seen)];
    };
    assert.deepEqual(await render('pool'), [1, PROXY_ADDRESS]);
    assert.deepEqual(await render({ url: `socks5://127.0.0.1:${own.port}` }), ['caller', PROXY_ADDRESS]);
    assert.deepEqual(await render('none'), [undefined, '127.0.0.1']);

    await pool[Symbol.asyncDispose]();
    const { json } = await service.api('POST', '/v1/scrape', {
      url: site.url('/'),
      render: true,
      proxy: 'pool',
    });
    assert.equal(json.error.code, 'proxy_failed');
  });
});
