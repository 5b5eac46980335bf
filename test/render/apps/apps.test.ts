import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { BROWSER, noBrowser } from '../../support/browser/browser.ts';
import type { TestService } from '../../support/service.ts';
import { shareTestService } from '../../support/shared-service.ts';
import { startSite, type Route, type Site } from '../../support/site.ts';
import { buildApps } from './build.ts';
// @ts-expect-error: it has no type declarations
import { servePage } from './sources/serve.js';

const PRODUCTS = [
  { name: 'Kettle', text: 'It is made of copper, and boils a litre of water in four minutes.' },
  { name: 'Basket', text: 'It is woven from willow by hand, and carries what a week needs.' },
];
/** The products as they stand in Markdown. */
const READ = PRODUCTS.map(({ name, text }) => `## ${name}\n\n${text}`).join('\n\n');
const ARTICLE = 'Whoever has agreed reads on here, about how kettles were made in earlier times.';
/** Entries of the endless list, five at a time. */
const ENTRIES = 30;

const shell = (app: string, body: string) => `<!doctype html><html lang="en"><head><title>${app}</title>
<script type="module" src="/assets/${app}.js"></script></head><body>${body}</body></html>`;

const SHELLS: Record<string, string> = {
  react: '<noscript>You need to enable JavaScript to run this app.</noscript><div id="root"></div>',
  vue: '<header>All products</header><div id="app"></div><footer>© Vue Shop Ltd. All rights reserved.</footer>',
  svelte: '',
  preact: '<div id="root"></div>',
  solid: '<div id="root"><p>Loading…</p></div>',
  lit: '<nav><a href="/">Home</a> <a href="/lit/">Products</a></nav><shop-app></shop-app>',
  endless: '<div id="root"></div>',
  consent: '<div id="root"></div>',
  gallery: '<div id="app"></div>',
};

const json = (value: unknown): Route => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

describe('applications', { skip: noBrowser }, () => {
  let service: TestService;
  let site: Site;
  before(async () => {
    const [scripts, served] = await Promise.all([buildApps(), servePage(PRODUCTS)]);
    service = await shareTestService({ CHROMIUM_PATH: BROWSER, RENDER_CONCURRENCY: '1' });
    site = await startSite({
      '/products.json': json(PRODUCTS),
      '/article.txt': { headers: { 'content-type': 'text/plain' }, body: ARTICLE },
      '/hydrate/': shell('hydrate', `<div id="__next">${served}</div>`),
    });
    for (const [app, body] of Object.entries(SHELLS)) site.routes.set(`/${app}/`, shell(app, body));
    for (const [name, body] of scripts)
      site.routes.set(`/assets/${name}`, { headers: { 'content-type': 'text/javascript' }, body });
    for (let from = 0; from <= ENTRIES; from += 5) {
      const more =
        from === ENTRIES ? [] : Array.from({ length: 5 }, (_, n) => `Entry ${from + n + 1} of the list`);
      site.routes.set(`/entries.json?from=${from}`, json(more));
    }
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  /** The block of an application, however long the machine takes. */
  const scrape = async (app: string, options: object = {}) => {
    const body = { url: site.url(`/${app}/`), render: 'auto', timeout_ms: 60_000, ...options };
    return (await service.api.finished(await service.api.queue('/v1/scrape/async', body))).result;
  };

  for (const [app, name] of Object.entries({
    react: 'React',
    vue: 'Vue',
    svelte: 'Svelte',
    preact: 'Preact',
    solid: 'Solid',
    lit: 'Lit',
  }))
    test(`auto renders an application of ${name}, and reads what a person sees`, async () => {
      const { markdown, rendered, error } = await scrape(app);
      assert.equal(rendered, true, JSON.stringify(error));
      assert.ok(markdown.includes(`# The shop of ${name}`) && markdown.includes(READ), markdown);
      assert.doesNotMatch(markdown, /Loading/);
    });

  test('a page that its server streams is read without a browser as with one', async () => {
    const [plain, rendered] = [await scrape('hydrate'), await scrape('hydrate', { render: true })];
    for (const { markdown } of [plain, rendered]) {
      assert.ok(markdown.includes(`# The shop of a server\n\n${READ}`), markdown);
      assert.doesNotMatch(markdown, /Loading/);
    }
    assert.equal(plain.rendered, undefined);
    assert.match(rendered.markdown, /You read en/);
  });

  test('what a part of the application loads when it is shown is read', async () => {
    assert.match((await scrape('react')).markdown, /fourteen days to send it back/);
  });

  test('an endless list is read to its end where that is asked for, and from its start where not', async () => {
    const all = await scrape('endless', { scroll_to_end: true });
    assert.match(all.markdown, /Entry 1 of[^]*Entry 30 of/);
    assert.match((await scrape('endless')).markdown, /Entry 1 of[^]*Entry 5 of/);
  });

  test('a click on its wall opens what a site shows to those who agree', async () => {
    const actions = [{ type: 'click', selector: '#consent button' }];
    const { markdown } = await scrape('consent', { render: true, actions });
    assert.equal(markdown.trim(), `# A magazine\n\n${ARTICLE}`);
  });

  test('pictures that load when they are seen, and frames of the site, are read', async () => {
    const { markdown } = await scrape('gallery', { only_main_content: false });
    for (const season of ['spring', 'summer', 'autumn', 'winter'])
      assert.ok(
        markdown.includes(`![The picture ${season}](${site.url(`/pictures/${season}.png`)})`),
        markdown,
      );
    assert.ok(markdown.includes(`![All of them](${site.url('/pictures/all.png')})`), markdown);
    assert.match(markdown, /The shop of Preact/);
  });
});
