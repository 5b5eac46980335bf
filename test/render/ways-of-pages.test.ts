import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BROWSER, noBrowser } from '../support/browser/browser.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { startSite, type Site } from '../support/site.ts';

const WORDS = 'Words enough to be read by whoever has come to this page for them';
const document = (body: string) => `<!doctype html><title>Page</title><main><p>${WORDS}.</p>${body}</main>`;
const goesTo = (url: string) => document(`<script>location.href = ${JSON.stringify(url)}</script>`);

/** Adds words when its last element is seen. */
const LATE = `<p id="end">The end of it.</p><script>
  new IntersectionObserver(([entry]) => {
    if (entry.isIntersecting) end.textContent = 'What came late.';
  }).observe(end);
</script>`;

const FORM = document(`<select><option value="a">Alpha</option><option value="b">Beta</option></select>
<input type="checkbox"><input type="date"><div contenteditable>old</div><p id="out"></p><script>
  const [select, check, date, text] = document.querySelectorAll('select, input, div');
  const show = () => (out.textContent = [select.value, check.checked, date.value, text.textContent].join(' '));
  addEventListener('input', show);
  addEventListener('change', show);
</script>`);

/**
 * A page whose consent dialog and form are in frames of another site, the form's in a frame of its
 * own.
 */
const FRAMED = (frame: string) =>
  document(`<iframe src="${frame}"></iframe><p id="out"></p><script>
  addEventListener('message', ({ data }) => (out.textContent += data + ' '));
  setTimeout(() => out.insertAdjacentHTML('afterend', '<p class="both">In the page</p>'), 600);
</script>`);
const CONSENT = `<button onclick="parent.postMessage('Agreed.', '*')">Agree</button><p class="both">In a frame</p>
<iframe srcdoc="<form onsubmit=top.postMessage(user.value,'*')><input name='user'></form>"></iframe>`;

/** A list in a part of the window that scrolls, while the page does not. */
const INNER_LIST = `<!doctype html><title>List</title>
<style>html, body { height: 100%; margin: 0; overflow: hidden } #part { height: 100%; overflow: auto } li { height: 900px }</style>
<div id="part"><main><p>${WORDS}.</p><ul></ul><p id="end">The end of it.</p></main></div><script>
  let n = 0;
  new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting || n === 6) return;
    const item = 'item ' + ++n;
    await fetch('/item');
    document.querySelector('ul').insertAdjacentHTML('beforeend', '<li>The list has its ' + item + '</li>');
  }).observe(end);
</script>`;

describe('the ways of rendered pages', { skip: noBrowser }, () => {
  let service: TestService;
  let site: Site;
  before(async () => {
    service = await startTestService({ CHROMIUM_PATH: BROWSER });
    site = await startSite({
      '/end': '<main><p>Where a page ends, with words enough to be read.</p></main>',
      '/to-end': goesTo('/end'),
      '/to-late': goesTo('/late'),
      '/late': async (_req, res) => {
        await sleep(6500);
        res
          .writeHead(200, { 'content-type': 'text/html' })
          .end('<main><p>What came late, in words to be read.</p></main>');
      },
      '/to-file': goesTo('/file'),
      '/to-nothing': goesTo('/nothing'),
      '/to-mail': goesTo('mailto:somebody@example.com'),
      '/to-application': goesTo('application:open'),
      '/to-nowhere': goesTo('http://127.0.0.1:9999/'),
      '/prefetches': document(`<script type="speculationrules">
        { "prefetch": [{ "urls": ["/to-inside"], "eagerness": "immediate" }] }
      </script>`),
      '/to-inside': { status: 302, headers: { location: 'http://127.0.0.3/' } },
      '/around': document('<script>location.reload()</script>'),
      '/file': { headers: { 'content-type': 'application/zip' }, body: 'PK' },
      '/nothing': { status: 204 },
      '/missing': { status: 404 },
      '/named': document(
        '<script>history.pushState({}, "", "/shop/list/")</script><a href="item">An item of the shop</a>',
      ),
      '/waits': document('<script src="/hangs"></script>'),
      '/hangs': () => {},
      '/strict': {
        headers: {
          'content-security-policy': "script-src 'unsafe-inline'; require-trusted-types-for 'script'",
        },
        body: document(`<iframe src="/frame"></iframe><div style="height: 5000px"></div>${LATE}`),
      },
      '/smooth': document(
        `<style>html { scroll-behavior: smooth }</style><div style="height: 9000px"></div>${LATE}<div style="height: 9000px"></div>`,
      ),
      '/frames':
        '<title>Frames</title><frameset cols="50%,50%"><frame src="/frame"><frame src="/end"></frameset>',
      '/consent': CONSENT,
      '/frame': '<title>Frame</title><p>Words of a frame.</p>',
      '/written-frame': document(`<iframe></iframe><script>
        document.querySelector('iframe').contentDocument.body.innerHTML = '<p>Words that a script wrote there.</p>';
      </script>`),
      '/to-blob': `<script>
        const words = ['<main><p>Words of a blob, enough to be read.</p><a href="/end">The end</a></main>'];
        location.href = URL.createObjectURL(new Blob(words, { type: 'text/html' }));
      </script>`,
      '/form': FORM,
      '/list': INNER_LIST,
      '/item': '',
    });
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  const scrape = async (path: string, options: object = {}) => {
    const body = { url: site.url(path), render: true, timeout_ms: 60_000, ...options };
    return (await service.api.finished(await service.api.queue('/v1/scrape/async', body))).result;
  };

  test('a page that starts what is no page is read as it stands', async () => {
    for (const path of ['/to-file', '/to-nothing', '/to-mail', '/to-application']) {
      const block = await scrape(path);
      assert.equal(block.error, null, path);
      assert.match(block.markdown, new RegExp(WORDS), path);
      assert.equal(block.final_url, site.url(path));
      assert.equal(block.http_status, 200);
    }
    const actions = [{ type: 'click', selector: 'a' }];
    site.routes.set('/offer', document('<a href="/file" onclick="this.textContent = \'Taken\'">A file</a>'));
    assert.match((await scrape('/offer', { actions })).markdown, /Taken/);
  });

  test('a page ends where its scripts take it', async () => {
    const block = await scrape('/to-end', { formats: ['markdown', 'response'] });
    assert.match(block.markdown, /Where a page ends/);
    assert.equal(block.final_url, site.url('/end'));
    assert.deepEqual(block.response.redirects, [{ url: site.url('/to-end'), status: null }]);
    assert.equal((await scrape('/to-nowhere')).error.code, 'connection_failed');
    assert.equal((await scrape('/around')).error.code, 'too_many_redirects');
  });

  test('what a page goes on to is waited for, by itself and after a click', async () => {
    site.routes.set('/search', document('<a href="/late">Search</a>'));
    const actions = [{ type: 'click', selector: 'a' }];
    const [gone, clicked] = await Promise.all([scrape('/to-late'), scrape('/search', { actions })]);
    for (const { markdown, final_url } of [gone, clicked]) {
      assert.match(markdown, /What came late/);
      assert.equal(final_url, site.url('/late'));
    }
  });

  test('the address that a script gives a page is its own, and its links count from there', async () => {
    const block = await scrape('/named', { formats: ['links'] });
    assert.equal(block.final_url, site.url('/shop/list/'));
    assert.deepEqual(block.links, [site.url('/shop/list/item')]);
  });

  test('an answer without a text is one', async () => {
    assert.equal((await scrape('/missing')).http_status, 404);
    assert.equal((await scrape('/nothing')).http_status, 204);
  });

  test('what a page loads ahead of a visit is not waited for', async () => {
    const page = await scrape('/prefetches', { wait_for: 'network_idle', timeout_ms: 10_000 });
    assert.match(page.markdown ?? '', /Words enough/, JSON.stringify(page.error));
  });

  test('a page that waits for one of its parts is read without', async () => {
    const block = await scrape('/waits', { timeout_ms: 8000 });
    assert.match(block.markdown ?? '', new RegExp(WORDS), JSON.stringify(block.error));
  });

  test('a page that forbids to make markup of text is read with its frames, and seen to its end', async () => {
    const { markdown } = await scrape('/strict', { only_main_content: false });
    assert.match(markdown, /Words of a frame\.[^]*What came late/);
    assert.match((await scrape('/smooth')).markdown, /What came late/);
  });

  test('a page of frames is read with them', async () => {
    const block = await scrape('/frames', { only_main_content: false });
    assert.match(block.markdown, /Words of a frame\.[^]*Where a page ends/);
    assert.equal(block.metadata.title, 'Frames');
  });

  test('what a script makes without an address is read with its page', async () => {
    assert.match((await scrape('/written-frame')).markdown, /Words that a script wrote there/);
    const blob = await scrape('/to-blob', { formats: ['markdown', 'links'] });
    assert.match(blob.markdown, /Words of a blob/);
    assert.deepEqual([blob.final_url, blob.links], [site.url('/to-blob'), [site.url('/end')]]);
  });

  test('what is clicked, filled in and waited for is found in frames, too', async () => {
    site.routes.set('/framed', FRAMED(site.url('/consent').replace('127.0.0.1', 'other.localhost')));
    const actions = [
      { type: 'click', selector: 'button' },
      { type: 'fill', selector: '[name=user]', value: 'Somebody' },
      { type: 'press', key: 'Enter' },
      { type: 'wait', selector: 'button ~ iframe' },
    ];
    const { markdown, error } = await scrape('/framed', { actions, wait_for: { selector: 'button' } });
    assert.match(markdown ?? '', /Agreed\. Somebody/, JSON.stringify(error));
    const none = await scrape('/framed', { wait_for: { selector: '.nowhere' }, timeout_ms: 5000 });
    assert.equal(none.error.code, 'render_timeout');
  });

  test('an element of the page goes before one of a frame, also where it comes later', async () => {
    site.routes.set('/both', FRAMED(site.url('/consent')));
    const block = await scrape('/both', { wait_for: { selector: '.both' } });
    assert.match(block.markdown, /In the page/);
  });

  test('fields of every kind can be filled in', async () => {
    const { markdown } = await scrape('/form', {
      actions: [
        { type: 'fill', selector: 'select', value: 'Beta' },
        { type: 'fill', selector: '[type=checkbox]', value: 'true' },
        { type: 'fill', selector: '[type=date]', value: '2026-01-02' },
        { type: 'fill', selector: '[contenteditable]', value: 'new' },
      ],
    });
    assert.match(markdown, /b true 2026-01-02 new/);
  });

  test('scroll_to_end scrolls the part of the window that scrolls', async () => {
    assert.match((await scrape('/list', { scroll_to_end: true })).markdown, /its item 1[^]*its item 6/);
  });
});
