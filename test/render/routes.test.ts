import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BROWSER, noBrowser } from '../support/browser/browser.ts';
import { startTestService } from '../support/service.ts';
import { startSite } from '../support/site.ts';

/** An application that keeps the name of its page in the fragment, as many routers do. */
const APP = `<!doctype html><title>App</title><link rel="canonical" href="/">
<nav><a href="#/">Home</a> <a href="#/about">About</a> <a href="#!/contact">Contact</a> <a href="#top">Top</a>
<a href="/?b=2&a=1#/about">Sorted</a> <a href="/?a=1&b=2#/about">Sorted</a> <a href="#/gone">Gone</a></nav>
<main id="view"></main><script>
  const views = {
    '': 'Welcome to the application, which has pages behind its hash.',
    about: 'About those who made the application, in words to be read.',
    contact: 'How to write to them, by letter and on the telephone.',
  };
  const show = () => {
    const name = location.hash.replace(/^#!?\\/?/, '');
    if (!(name in views)) return location.replace('#/');
    view.textContent = views[name];
  };
  addEventListener('hashchange', show);
  show();
</script>`;

describe('applications with hash routes', { skip: noBrowser }, () => {
  test('a crawl that renders reads the page behind each route', async () => {
    await using service = await startTestService({ CHROMIUM_PATH: BROWSER });
    await using site = await startSite({ '/': APP });
    const crawl = async (render: boolean | 'auto') => {
      const id = await service.api.queue('/v1/crawl', { url: site.url('/'), render, sitemap: 'skip' });
      const { result } = await service.api.finished(id);
      const pages = result.pages as { url: string; final_url: string; status: string; markdown?: string }[];
      return new Map(pages.map((page) => [page.url.slice(site.origin.length), page]));
    };
    for (const render of [true, 'auto'] as const) {
      const pages = await crawl(render);
      assert.deepEqual([...pages.keys()].toSorted(), [
        '/',
        '/#!/contact',
        '/#/about',
        '/#/gone',
        '/?b=2&a=1#/about',
      ]);
      assert.match(pages.get('/')!.markdown ?? '', /Welcome/);
      assert.match(pages.get('/#/about')!.markdown ?? '', /who made/);
      assert.match(pages.get('/#!/contact')!.markdown ?? '', /by letter/);
      assert.equal(pages.get('/#!/contact')!.final_url, site.url('/#!/contact'));
      assert.equal(pages.get('/#/gone')!.status, 'skipped', 'the router leads back to a known page');
    }
    assert.deepEqual([...(await crawl(false)).keys()].toSorted(), ['/', '/?b=2&a=1']);
  });
});
