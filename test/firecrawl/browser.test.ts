import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Firecrawl, type ActionOption } from '@mendable/firecrawl-js';
import { BROWSER, noBrowser } from '../support/browser/browser.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { page, startSite, type Site } from '../support/site.ts';

const FORM = `<!doctype html><title>Search</title><main><h1>Search</h1><input name="q"><button>Go</button><p id="out"></p>
<div style="height:3000px"></div></main><script>
  document.querySelector('button').onclick = () => {
    setTimeout(() => { out.innerHTML = '<span class="found">You asked for ' + document.querySelector('input').value +
      ' at ' + scrollY + '.</span>'; }, 50);
  };
</script>`;
const ECHO = `<main><p id="there"></p></main><script>
  setTimeout(() => { there.textContent = 'Seen: ' + [navigator.language, innerWidth, Intl.DateTimeFormat().resolvedOptions().timeZone].join(' '); }, 300);
</script>`;
const isPng = (bytes: Buffer) => bytes.subarray(1, 4).toString('latin1') === 'PNG';
/** A synchronous scrape has so long. */
const TIME = { timeout: 25_000 };

describe("Firecrawl's options of the browser", { skip: noBrowser }, () => {
  let service: TestService;
  let site: Site;
  let client: Firecrawl;
  before(async () => {
    service = await shareTestService({ CHROMIUM_PATH: BROWSER });
    site = await startSite({
      '/': page('Home', 'A page with words enough to be read by anybody.'),
      '/form': FORM,
      '/echo': ECHO,
    });
    client = new Firecrawl({ apiUrl: service.api.origin, apiKey: service.account.key });
    // The browser starts with its first page, however long that takes.
    const url = site.url('/');
    await service.api.finished(
      await service.api.queue('/v1/scrape/async', { url, render: true, timeout_ms: 60_000 }),
    );
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  /** Reads a file at the address that a document names, with the key. */
  const read = async (url: string) => {
    const response = await fetch(url, { headers: { authorization: `Bearer ${service.account.key}` } });
    assert.equal(response.status, 200);
    return Buffer.from(await response.arrayBuffer());
  };

  test('a screenshot is an address that the key reads', async () => {
    const plain = await client.scrape(site.url('/'), { formats: ['markdown', 'screenshot'], ...TIME });
    assert.match(plain.markdown!, /words enough/);
    assert.ok(isPng(await read(plain.screenshot!)));
    const viewport = { width: 700, height: 500 };
    const wanted = { type: 'screenshot', fullPage: true, quality: 70, viewport } as const;
    const alone = await client.scrape(site.url('/form'), { formats: [wanted], ...TIME });
    assert.equal(alone.markdown, undefined);
    assert.match(alone.screenshot!, /\/0-screenshot\.jpeg$/);
    assert.deepEqual([...(await read(alone.screenshot!)).subarray(0, 2)], [0xff, 0xd8]);
  });

  test('actions are taken in turn: what is written goes into the field that was clicked', async () => {
    const actions: ActionOption[] = [
      { type: 'click', selector: 'input' },
      { type: 'write', text: 'kettles' },
      { type: 'press', key: 'End' },
      { type: 'scroll', direction: 'down' },
      { type: 'scroll', direction: 'down' },
      { type: 'screenshot' },
      { type: 'scroll', direction: 'up' },
      { type: 'scroll', direction: 'up' },
      { type: 'click', selector: 'button' },
      { type: 'wait', selector: '.found' },
      { type: 'wait', milliseconds: 10 },
    ];
    const document = await client.scrape(site.url('/form'), { actions, ...TIME });
    assert.match(document.markdown!, /You asked for kettles at 0\./);
    const { screenshots } = document.actions as { screenshots: string[] };
    assert.ok(isPng(await read(screenshots[0]!)));
  });

  test('waiting, a phone and a place', async () => {
    const document = await client.scrape(site.url('/echo'), {
      waitFor: 400,
      mobile: true,
      location: { country: 'AT', languages: ['de'] },
      ...TIME,
    });
    assert.match(document.markdown!, /Seen: de-AT \d+ Europe\/Vienna/);
  });

  test('a batch names the pictures of each page', async () => {
    const job = await client.batchScrape([site.url('/'), site.url('/form')], {
      options: { formats: ['screenshot'], timeout: 60_000 },
      pollInterval: 1,
      timeout: 80,
    });
    assert.deepEqual([job.data.length, job.creditsUsed], [2, 10]);
    for (const { screenshot } of job.data) assert.ok(isPng(await read(screenshot!)));
  });

  test('actions that are not served are refused by name', async () => {
    const tried: [ActionOption, RegExp][] = [
      [{ type: 'executeJavascript', script: '1' }, /actions\[0\]\.type.*not served/],
      [{ type: 'scrape' }, /actions\[0\]\.type.*not served/],
      [{ type: 'pdf' }, /actions\[0\]\.type.*not served/],
      [{ type: 'write', text: 'x' }, /actions\[0\].*needs a click/],
    ];
    for (const [action, message] of tried)
      await assert.rejects(client.scrape(site.url('/'), { actions: [action] }), { status: 400, message });
  });
});

test('without a browser a picture is refused, and waiting is not', async () => {
  await using service = await shareTestService();
  await using site = await startSite({
    '/': page('Home', 'A page with words enough to be read by anybody.'),
  });
  const client = new Firecrawl({ apiUrl: service.api.origin, apiKey: service.account.key });
  await assert.rejects(client.scrape(site.url('/'), { formats: ['screenshot'] }), {
    status: 400,
    message: /there is no browser here/,
  });
  const waited = await client.scrape(site.url('/'), { waitFor: 1000, mobile: true });
  assert.match(waited.markdown!, /words enough/);
});
