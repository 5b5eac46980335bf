import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSER, noBrowser } from '../support/browser/browser.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';

/** Signs in by a request, and leaves a cookie of its own. */
const SIGN_IN = `<!doctype html><title>Sign in</title><main><p>A page to sign in with, in words.</p>
<a href="/inside/">Inside</a></main><script>
  document.cookie = 'byScript=1';
  document.cookie = 'given=; Max-Age=0';
  fetch('/sign-in', { method: 'POST' });
</script>`;

describe('cookies of rendered pages', { skip: noBrowser }, () => {
  let service: TestService;
  let site: Site;
  before(async () => {
    service = await startTestService({ CHROMIUM_PATH: BROWSER });
    site = await startSite({
      '/': { headers: { 'set-cookie': 'byDocument=1; Path=/inside/' }, body: SIGN_IN },
      '/sign-in': { headers: { 'set-cookie': 'byRequest=1; Path=/; HttpOnly' }, body: '' },
      '/inside/': page('Inside', 'A page for those who have signed in, in words.'),
    });
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });
  const cookiesAt = (path: string) =>
    (site.requests.findLast((request) => request.path === path)?.headers.cookie ?? '').split('; ').toSorted();

  test('a session keeps what documents, requests and scripts have set', async () => {
    const job = { url: site.url('/'), session: 'job', render: true, max_pages: 2, sitemap: 'skip' };
    const cookies = [{ name: 'given', value: '1' }];
    const id = await service.api.queue('/v1/crawl', { ...job, cookies });
    assert.equal((await service.api.finished(id)).succeeded, 2);
    assert.deepEqual(cookiesAt('/inside/'), ['byDocument=1', 'byRequest=1', 'byScript=1', 'given=1']);
  });

  test('cookies go where a fetch would send them, and one that cannot be sent keeps no page away', async () => {
    for (const render of [false, true]) {
      const body = {
        url: site.url('/inside/'),
        render,
        cookies: [
          { name: 'here', value: '1' },
          { name: 'under', value: '1', path: '/inside' },
          { name: 'elsewhere', value: '1', path: '/outside' },
          { name: '__Host-safe', value: '1' },
          { name: '__Secure-safe', value: '1', domain: '127.0.0.1' },
        ],
      };
      const { json } = await service.api('POST', '/v1/scrape', body);
      assert.equal(json.error, null);
      assert.deepEqual(cookiesAt('/inside/'), ['here=1', 'under=1']);
    }
  });
});
