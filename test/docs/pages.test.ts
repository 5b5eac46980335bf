import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PROBLEMS } from '../../src/http/problem.ts';
import { CHAPTERS } from '../../src/docs/manual/index.ts';
import { PAGE_ERRORS } from '../../src/scrape/types.ts';
import { ATTEMPT_ERRORS } from '../../src/webhooks/send/attempt-errors.ts';
import { createApi } from '../support/api.ts';
import { assertAccessible, noBrowser, startBrowser } from '../support/browser/browser.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';

const PAGES = [
  '/docs',
  ...CHAPTERS.map(([name]) => `/docs/manual/${name}`),
  '/docs/webhooks',
  '/docs/errors',
  '/docs/errors/validation_failed',
];

let service: TestService;
before(async () => {
  service = await shareTestService();
});
after(() => service[Symbol.asyncDispose]());

test('the pages need no key, allow no inline script and name no other host to load from', async () => {
  const visitor = createApi(service.api.origin, null);
  for (const path of PAGES) {
    const { status, headers, text } = await visitor('GET', path);
    assert.equal(status, 200, path);
    assert.match(headers.get('content-type') ?? '', /^text\/html/);
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=/);
    // An <a> may lead elsewhere: it loads nothing until somebody follows it.
    for (const [, address] of text.matchAll(/<(?!a\b)[^>]*\b(?:src|href)="([^"]+)"/g))
      assert.match(address!, /^(?:\/(?!\/)|#|data:,)/, `${path}: ${address}`);
  }
});

test('whoever opens the service in a browser comes to the documentation', async () => {
  const { status, url } = await fetch(`${service.api.origin}/`);
  assert.deepEqual([status, new URL(url).pathname], [200, '/docs']);
});

test('every link between the pages leads somewhere', async () => {
  const known = new Map<string, string>();
  const load = async (path: string) => {
    if (!known.has(path)) {
      const { status, text } = await service.api('GET', path);
      assert.equal(status, path === '/console' ? 303 : 200, path);
      known.set(path, text);
    }
    return known.get(path)!;
  };
  for (const path of PAGES) {
    for (const [, href] of (await load(path)).matchAll(/\bhref="(\/[^"]*)"/g)) {
      const [target, anchor] = href!.split('#');
      const text = await load(target!);
      if (anchor !== undefined) assert.ok(text.includes(`id="${anchor}"`), href);
    }
  }
});

test('the type of every problem document is a page that explains it', async () => {
  const refused = await service.api('POST', '/v1/scrape', {});
  assert.equal(refused.json.type, '/docs/errors/validation_failed');
  for (const [code, [status, title]] of Object.entries(PROBLEMS)) {
    const { text } = await service.api('GET', `/docs/errors/${code}`);
    for (const part of [`<h1>${title}</h1>`, String(status), 'When it happens', 'What to do'])
      assert.ok(text.includes(part), `${code}: ${part}`);
  }
  assert.equal((await service.api('GET', '/docs/errors/no_such_code')).json.code, 'not_found');
  assert.equal((await service.api('GET', '/docs/errors/toString')).json.code, 'not_found');
});

test('every error code of pages and attempts is explained', async () => {
  const { text } = await service.api('GET', '/docs/errors');
  for (const code of Object.keys(PAGE_ERRORS)) assert.ok(text.includes(`id="page-${code}"`), code);
  for (const code of Object.keys(ATTEMPT_ERRORS)) assert.ok(text.includes(`id="attempt-${code}"`), code);
});

test(
  'in a browser the pages are accessible, fit a phone and load nothing from elsewhere',
  { skip: noBrowser },
  async () => {
    await using browser = await startBrowser();
    const page = await browser.open({ viewport: { width: 390, height: 844 } });
    for (const path of PAGES.slice(1)) {
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(service.api.origin + path);
      await assertAccessible(page);
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      assert.ok(width <= 390, `${path} is ${width} pixels wide`);
      // In the dark the colours are others, and nothing else is.
      await page.emulateMedia({ colorScheme: 'dark' });
      await assertAccessible(page, ['color-contrast']);
    }
    for (const { origin, protocol } of browser.requests)
      assert.ok(protocol === 'data:' || origin === service.api.origin);
    assert.deepEqual(browser.complaints, []);
  },
);

test('a tab shows its example and hides the others', { skip: noBrowser }, async () => {
  await using browser = await startBrowser();
  const page = await browser.open();
  await page.goto(`${service.api.origin}/docs/webhooks`);
  const python = page.getByText('import urllib.request');
  assert.equal(await python.isVisible(), false);
  await page.getByText('Python', { exact: true }).first().click();
  await python.waitFor({ state: 'visible' });
  assert.equal(await page.getByText('curl -X POST "$OLLAGRAPH_URL/v1/scrape').isVisible(), false);
});

test('the reference tries a request with the key that it was given', { skip: noBrowser }, async () => {
  await using browser = await startBrowser();
  const page = await browser.open();
  await page.goto(`${service.api.origin}/docs#/Account/readAccount`);
  await page.getByRole('button', { name: 'Authorize' }).click();
  await page
    .locator('.auth-container')
    .filter({ hasText: 'key' })
    .getByRole('textbox')
    .first()
    .fill(service.account.key);
  await page.locator('.auth-container').first().getByRole('button', { name: 'Apply credentials' }).click();
  await page.locator('.close-modal').click();
  const operation = page.locator('#operations-Account-readAccount');
  await operation.getByRole('button', { name: 'Try it out' }).click();
  await operation.getByRole('button', { name: 'Execute' }).click();
  const answer = operation.locator('.live-responses-table');
  await answer.getByText(service.account.id).first().waitFor();
  await page.getByText('job.completed').first().waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    // A listener follows the scheme, some time after it has changed.
    const followed = colorScheme === 'dark' ? 'html.dark-mode' : 'html:not(.dark-mode)';
    await page.locator(followed).waitFor({ state: 'attached' });
    await assertAccessible(page);
  }
  for (const { origin, protocol } of browser.requests)
    assert.ok(protocol === 'data:' || origin === service.api.origin);
  assert.deepEqual(browser.complaints, []);
});
