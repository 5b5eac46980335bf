import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CHROMIUM, noBrowser } from '../support/browser/browser.ts';
import { pour } from '../support/net/pour.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';

/** A page whose script writes what there is to read, from an answer of its server. */
const APP = `<!doctype html><html lang="en"><head><title>Shop</title></head><body><div id="root"></div>
<script>
  fetch('/products').then((answer) => answer.json()).then((products) => {
    root.innerHTML = '<main><h1>Our products</h1>' +
      products.map((name) => '<p>The ' + name + ' is made by hand, and sold by the dozen.</p>').join('') +
      '<a href="/second">More</a></main>';
  });
</script></body></html>`;

const CARD = `<!doctype html><title>Parts</title><main><x-card><b slot="name">A slotted name</b></x-card>
<iframe src="/frame"></iframe><iframe srcdoc="<p>Words of an inline frame.</p>"></iframe>
<img data-late src="" alt="A late picture"><div style="height:4000px"></div><p id="end">The end of it.</p></main>
<script>
  customElements.define('x-card', class extends HTMLElement {
    constructor() {
      super();
      this.attachShadow({ mode: 'closed' }).innerHTML = '<p>Words in a shadow tree, with <slot name="name"></slot>.</p>';
    }
  });
  new IntersectionObserver(([entry]) => {
    if (entry.isIntersecting) document.querySelector('[data-late]').src = '/late.png';
  }).observe(document.querySelector('#end'));
</script>`;

const FORM = `<!doctype html><title>Search</title><main><h1>Search</h1><input name="q"><button>Go</button><p id="out"></p></main>
<script>
  document.querySelector('button').onclick = () => {
    setTimeout(() => { out.innerHTML = '<span class="found">You asked for ' + document.querySelector('input').value + '.</span>'; }, 50);
  };
</script>`;

const ENDLESS = `<!doctype html><title>List</title><main><ul></ul><div id="sentinel" style="height:20px"></div></main>
<script>
  let page = 0;
  const list = document.querySelector('ul');
  new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting || page === 6) return;
    const text = await (await fetch('/items?page=' + ++page)).text();
    list.insertAdjacentHTML('beforeend', text);
  }).observe(sentinel);
</script>`;

/**
 * Shows its parts one after the other: when it is idle, after a timer, and when it is idle again.
 * Its parts are small tasks, so that the page is busy for a while.
 */
const DEFERRED = `<!doctype html><title>Deferred</title><main><h1>Parts that come later</h1></main><script>
  const show = (text) => document.querySelector('main').insertAdjacentHTML('beforeend', '<p>' + text + '</p>');
  const tasks = new MessageChannel();
  let left = 50;
  tasks.port1.onmessage = () => {
    for (const end = performance.now() + 1; performance.now() < end; );
    if (--left > 0) return tasks.port2.postMessage(0);
    show('The part after the tasks.');
    requestIdleCallback(() => {
      show('The part for idle times.');
      setTimeout(() => requestIdleCallback(() => show('The last part of the page.')), 200);
    });
  };
  tasks.port2.postMessage(0);
</script>`;

/** Offers a file in the two ways that are no visit of the page itself. */
const OFFERS = `<!doctype html><title>Offers</title><main><p>A page that offers a file, with words to be read.</p>
<a download href="/file">A file</a></main><iframe src="/file"></iframe>
<script>document.querySelector('a').click()</script>`;

/** Takes more memory than a tab may have. */
const GREEDY = `<!doctype html><title>Greedy</title><main><p id="out"></p></main><script>
  const taken = [];
  while (taken.length < 120) taken.push(new Array(1e6).fill(Math.random()));
  out.textContent = 'It has taken ' + taken.length * 8 + ' MB.';
</script>`;

/** Says what an earlier page of the same site has left, and leaves something itself. */
const TRACES = `<!doctype html><title>Traces</title><main><p id="out"></p></main><script>
  out.textContent = 'Left by pages before this one: ' + localStorage.length + ' and ' + document.cookie.length + '.';
  localStorage.setItem('was', 'here');
  document.cookie = 'was=here';
</script>`;

const PIECE = Buffer.alloc(64 * 1024);
const TRACED = Array.from({ length: 8 }, (_, n) => `/traces?${n}`);

const SECOND = page('Second', 'The second page of the shop, for those who have seen the first one.');

describe('rendering', { skip: noBrowser }, () => {
  let service: TestService;
  let site: Site;
  /** Files without an end that were asked for. */
  let offered = 0;
  before(async () => {
    service = await startTestService({ CHROMIUM_PATH: CHROMIUM });
    site = await startSite({
      '/app': APP,
      '/products': { headers: { 'content-type': 'application/json' }, body: '["kettle","basket"]' },
      '/second': SECOND,
      '/parts': CARD,
      '/frame': '<p>Words of a frame.</p>',
      '/form': FORM,
      '/deferred': DEFERRED,
      '/endless': ENDLESS,
      '/plain': page(
        'Plain',
        'A page that says all of it without any script, in words that are enough to read.',
      ),
      ...Object.fromEntries(TRACED.map((path) => [path, TRACES])),
      '/data.json': { headers: { 'content-type': 'application/json' }, body: '{"plain":"data"}' },
      '/to-app': { status: 302, headers: { location: '/app' } },
      '/away': { status: 302, headers: { location: '/hidden' } },
      '/hidden': page('Hidden', 'Nobody reads this.'),
      '/greedy': GREEDY,
      '/offers': OFFERS,
      '/file': ({ socket }) => {
        offered++;
        socket.write('HTTP/1.1 200 OK\r\nContent-Disposition: attachment\r\nConnection: close\r\n\r\n');
        pour(socket, () => PIECE);
      },
      '/hangs': '<title>Hangs</title><script>for (;;);</script>',
      '/echo': (req, res) =>
        void res.writeHead(200, { 'content-type': 'text/html' }).end(
          `<main><p>${[req.headers['x-own'], req.headers.cookie, req.headers['user-agent']].join(' ')}</p><p id="there"></p></main>
         <script>there.textContent = [navigator.language, new Date(0).getHours(), innerWidth].join(' ')</script>`,
        ),
      '/robots.txt': {
        headers: { 'content-type': 'text/plain' },
        body: 'User-agent: *\nDisallow: /hidden\n',
      },
    });
    for (let n = 1; n <= 6; n++)
      site.routes.set(
        `/items?page=${n}`,
        `<li style="height:900px">Item of page ${n} of the endless list</li>`,
      );
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  /** The block of a page, however long the machine takes. */
  const scrape = async (path: string, options: object = { render: true }) => {
    const body = { url: site.url(path), timeout_ms: 60_000, ...options };
    return (await service.api.finished(await service.api.queue('/v1/scrape/async', body))).result;
  };
  const credits = async (): Promise<number> => (await service.api('GET', '/v1/me')).json.credits;

  test('a page that its script makes is read as a person sees it, and costs RENDER_CREDITS', async () => {
    const had = await credits();
    const block = await scrape('/app');
    assert.match(block.markdown, /^# Our products\n\nThe kettle is made by hand[^]*The basket/);
    assert.equal(block.rendered, true);
    assert.equal(block.http_status, 200);
    assert.equal(block.metadata.title, 'Shop');
    assert.equal(had - (await credits()), 5);
  });

  test('what a page does when it is idle is waited for', async () => {
    const { markdown } = await scrape('/deferred');
    assert.match(markdown, /after the tasks\.\n\nThe part for idle times\.\n\nThe last part of the page\./);
  });

  test('auto renders a page that is empty without its script, and no other', async () => {
    const had = await credits();
    const [app, plain] = [
      await scrape('/app', { render: 'auto' }),
      await scrape('/plain', { render: 'auto' }),
    ];
    assert.match(app.markdown, /The kettle/);
    assert.equal(app.rendered, true);
    assert.match(plain.markdown, /without any script/);
    assert.equal(plain.rendered, undefined);
    assert.equal(had - (await credits()), 6);
  });

  test('shadow trees, frames of the site and what loads late are in what is read', async () => {
    const block = await scrape('/parts', { render: true, only_main_content: false });
    assert.match(block.markdown, /Words in a shadow tree, with \**A slotted name\**\./);
    assert.match(block.markdown, /Words of a frame\./);
    assert.match(block.markdown, /Words of an inline frame\./);
    assert.match(block.markdown, /!\[A late picture\]\(\S*\/late\.png\)/);
  });

  test('actions are taken in turn, and what is typed in is not shown', async () => {
    const actions = [
      { type: 'fill', selector: 'input', value: 'a secret word' },
      { type: 'click', selector: 'button' },
      { type: 'wait', selector: '.found' },
    ];
    const id = await service.api.queue('/v1/scrape/async', { url: site.url('/form'), render: true, actions });
    const job = await service.api.finished(id);
    assert.match(job.result.markdown, /You asked for a secret word\./);
    assert.doesNotMatch(JSON.stringify(job.options), /a secret word/);
    const row = await service.db
      .selectFrom('jobs')
      .select('options')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    assert.doesNotMatch(JSON.stringify(row.options), /a secret word/);
  });

  test('scroll_to_end reads an endless list to its end', async () => {
    const block = await scrape('/endless', { render: true, scroll_to_end: true });
    assert.match(block.markdown, /page 1 of[^]*page 6 of/);
  });

  test('headers and cookies reach the site, and locale, timezone and viewport its scripts', async () => {
    const { markdown } = await scrape('/echo', {
      render: true,
      headers: { 'x-own': 'of the caller' },
      cookies: [{ name: 'visit', value: 'first' }],
      user_agent: 'Reader/1.0',
      locale: 'de-AT',
      timezone: 'Asia/Tokyo',
      viewport: { width: 900, height: 700 },
    });
    assert.match(markdown, /of the caller visit=first Reader\/1\.0/);
    assert.match(markdown, /de-AT 9 900/);
  });

  test('what is no HTML is fetched, and costs one credit', async () => {
    const had = await credits();
    const block = await scrape('/data.json');
    assert.match(block.markdown, /"plain": ?"data"/);
    assert.equal(block.rendered, undefined);
    assert.equal(had - (await credits()), 1);
  });

  test('the page as the browser left it, and how it was answered', async () => {
    const formats = ['raw_html', 'response', 'images'];
    const { raw_html, response, images } = await scrape('/to-app', { render: true, formats });
    assert.match(raw_html, /kettle/);
    assert.equal(response.status, 200);
    assert.match(response.headers['content-type'], /^text\/html/);
    assert.deepEqual(response.redirects, [{ url: site.url('/to-app'), status: null }]);
    assert.deepEqual(images, []);
  });

  test('a redirect to where robots.txt forbids is not followed', async () => {
    const block = await scrape('/away', { render: true, respect_robots: true });
    assert.equal(block.error.code, 'robots');
    assert.ok(!site.requests.some(({ path }) => path === '/hidden'));
  });

  test('a page finds nothing that the ones before it and beside it have left', async () => {
    const id = await service.api.queue('/v1/scrape/batch/async', {
      urls: TRACED.map((path) => site.url(path)),
      render: true,
    });
    const { result } = await service.api.finished(id);
    assert.deepEqual(
      result.pages.map(({ markdown }: { markdown: string }) => markdown.trim()),
      TRACED.map(() => 'Left by pages before this one: 0 and 0.'),
    );
  });

  test('a page that hangs fails alone, at its time, and costs nothing', async () => {
    const had = await credits();
    const urls = ['/hangs', '/plain', '/app'].map((path) => site.url(path));
    const { json } = await service.api('POST', '/v1/scrape/batch', { urls, render: true, timeout_ms: 8000 });
    assert.deepEqual(
      json.pages.map(({ error }: { error: { code: string } | null }) => error?.code ?? null),
      ['render_timeout', null, null],
    );
    assert.equal(had - (await credits()), 10);
  });

  test('what a page offers for download is not taken', async () => {
    // A file that was taken would use up what the page may receive.
    const { markdown, error } = await scrape('/offers', { render: true, wait_for: { ms: 2000 } });
    assert.equal(error, null);
    assert.match(markdown, /offers a file/);
    assert.ok(offered > 0);
  });

  test('a page that wants more memory than a tab may have loses its tab, and no other page', async () => {
    const id = await service.api.queue('/v1/scrape/batch/async', {
      urls: ['/greedy', '/plain', '/app'].map((path) => site.url(path)),
      render: true,
      timeout_ms: 60_000,
    });
    const { result } = await service.api.finished(id);
    assert.deepEqual(
      result.pages.map(({ error }: { error: { code: string } | null }) => error?.code ?? null),
      ['render_failed', null, null],
    );
  });

  test('a crawl follows links that a script made', async () => {
    const id = await service.api.queue('/v1/crawl', {
      url: site.url('/app'),
      render: true,
      sitemap: 'skip',
      max_pages: 2,
    });
    const { result } = await service.api.finished(id);
    assert.deepEqual(
      result.pages.map(({ url, rendered }: { url: string; rendered: boolean }) => [url, rendered]),
      [
        [site.url('/app'), true],
        [site.url('/second'), true],
      ],
    );
  });

  test('settings that would be unused, and impossible ones, are refused by name', async () => {
    for (const [path, options] of [
      ['wait_for', { wait_for: 'network_idle' }],
      ['actions', { actions: [] }],
      ['locale', { render: true, locale: 'no locale' }],
      ['timezone', { render: true, timezone: 'Mars/Olympus' }],
      ['actions[0].key', { render: true, actions: [{ type: 'press', key: 'AnyKey' }] }],
    ] as const) {
      const { status, json } = await service.api('POST', '/v1/scrape', { url: site.url('/'), ...options });
      assert.equal(status, 422);
      assert.equal(json.errors[0].path, path);
    }
  });
});

test('without a browser render is refused with how to install one, and auto renders nothing', async () => {
  await using service = await startTestService();
  await using site = await startSite({ '/app': APP });
  const refused = await service.api('POST', '/v1/scrape', { url: site.url('/app'), render: true });
  assert.equal(refused.status, 422);
  assert.match(refused.json.errors[0].message, /apt-get install chromium/);
  const { json } = await service.api('POST', '/v1/scrape', { url: site.url('/app'), render: 'auto' });
  assert.equal(json.empty_reason, 'needs_javascript');
  assert.equal(json.rendered, undefined);
});
