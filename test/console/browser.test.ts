import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { noBrowser, startBrowser, type TestBrowser } from '../support/browser/browser.ts';
import { look as lookAt, signIn, WIDE } from '../support/browser/console.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { gate, page as webPage, startSite, type Site } from '../support/site.ts';

const ADMIN_TOKEN = 'a token for the operators of tests';

const ARTICLE = `<!doctype html><html lang="en"><head><title>Winds of the sea</title><meta name="description" content="All of them"></head><body>
<main><h1>Winds of the sea</h1><p>They have <b>names</b>, and <a href="/bora">Bora</a> is one. &lt;script&gt;alert(1)&lt;/script&gt;</p>
<h2>By shore</h2><table><tr><th>Shore</th><th>Wind</th></tr><tr><td>Adriatic</td><td>Bora</td></tr><tr><td>Gulf of Lion</td><td>Mistral</td></tr></table>
<ul><li>cold</li><li>in gusts</li></ul><pre><code>speed = 30</code></pre><p><img src="/wind.png" alt="A sail"></p></main></body></html>`;

let service: TestService;
let site: Site;
let receiver: Receiver;
let browser: TestBrowser;
/** Signed in. */
let page: Page;

before(async () => {
  if (noBrowser !== false) return;
  [service, site, receiver, browser] = await Promise.all([
    startTestService({ ADMIN_TOKEN, WEBHOOK_RETRY_SCHEDULE: '1,1' }),
    startSite({ '/': ARTICLE, '/bora': webPage('Bora', 'Cold.') }),
    startReceiver(),
    startBrowser(),
  ]);
  page = await browser.open({ viewport: WIDE });
});
after(async () => {
  if (noBrowser !== false) return;
  await browser[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const url = (path: string) => `${service.api.origin}/console${path}`;
const inBrowser = (name: string, run: () => Promise<void>) => void test(name, { skip: noBrowser }, run);
const main = () => page.locator('main');

const look = (name: string) => lookAt(page, name);

inBrowser('signing in with a key, by keyboard alone', async () => {
  await page.goto(url('/jobs'));
  await look('sign-in');
  await page.getByLabel('API key').focus();
  await page.keyboard.type('ok_not_a_key_of_ours');
  await page.keyboard.press('Enter');
  await page.getByText('This API key is not valid.').waitFor();
  await page.getByLabel('API key').focus();
  await page.keyboard.type(service.account.key);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await page.getByText('Your first page').waitFor();
  await look('overview-empty');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate<string>('document.activeElement.textContent'), 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate<string>('document.activeElement.id'), 'content');
});

inBrowser('the playground shows a page in every form, escaped, and the call that does the same', async () => {
  await page.getByRole('link', { name: 'Playground', exact: true }).click();
  await page.getByLabel('URL').fill('ftp://x.test');
  await page.getByRole('button', { name: 'Scrape' }).click();
  await page.getByText('Must start with http:// or https://.').waitFor();
  await page.getByLabel('URL').fill(site.url('/'));
  await page.getByRole('button', { name: 'Scrape' }).click();
  const panel = page.getByRole('tabpanel');
  await panel.getByRole('heading', { name: 'Winds of the sea' }).waitFor();
  assert.match((await panel.textContent())!, /<script>alert\(1\)<\/script>/, 'what the page says is text');
  assert.equal(await panel.locator('script, img').count(), 0);
  assert.equal(await panel.locator('td').count(), 4);
  await look('playground');
  const tab = async (name: string | RegExp) => {
    await page.getByRole('tab', { name, exact: true }).click();
    return (await page.getByRole('tabpanel').textContent())!;
  };
  assert.match(await tab('HTML'), /<h2>By shore<\/h2>/);
  assert.match(await tab('Text'), /Gulf of Lion/);
  assert.match(await tab(/^Links/), /\/bora/);
  assert.match(await tab('Raw HTML'), /<title>/);
  assert.match(await tab(/^Images/), /"url": ".*\/wind\.png"/);
  assert.match(await tab('Response'), /"status": 200/);
  assert.match(await tab('Metadata'), /"description": "All of them"/);
  await page.keyboard.press('Home');
  await page.getByRole('tab', { name: 'Markdown', exact: true, selected: true }).waitFor();
  await page.getByRole('button', { name: 'Side by side' }).click();
  assert.equal(await page.getByRole('tabpanel').count(), 10);
  await look('playground-side-by-side');
  await page.getByRole('button', { name: 'Side by side', pressed: true }).click();
  assert.equal(await page.getByRole('tabpanel').count(), 1);
  const curl = (await page.locator('#curl').textContent())!;
  assert.ok(curl.startsWith(`curl -X POST ${service.api.origin}/v1/scrape`));
  assert.ok(!curl.includes(service.account.key));
});

inBrowser('the playground reads values by fields, and says what is wrong with them', async () => {
  await page.goto(url('/playground'));
  await page.getByText('Values to read').click();
  const tryFields = async (fields: string) => {
    await page.getByLabel('URL').fill(site.url('/'));
    await page.getByLabel('Fields').fill(fields);
    await page.getByRole('button', { name: 'Scrape' }).click();
  };
  await tryFields('{"title"');
  await page.getByText('Must be JSON.').waitFor();
  await tryFields('{"title": {"css": "h1["}}');
  await page.getByText('In title: css is not a CSS selector.').waitFor();
  await tryFields('{"title": {"css": "h1"}}');
  await page.getByRole('tab', { name: 'Data', exact: true }).click();
  assert.match((await page.getByRole('tabpanel').textContent())!, /"title": "Winds of the sea"/);
  assert.match((await page.locator('#curl').textContent())!, /"fields":\{"title":\{"css":"h1"\}\}/);
  assert.match(await page.getByLabel('Fields').inputValue(), /"h1"/);
});

inBrowser('a job moves as its pages settle, shows them, and can be cancelled', async () => {
  const held = gate(webPage('Held', 'At last.'));
  site.routes.set('/held', held.route);
  const urls = [...Array.from({ length: 11 }, (_, n) => `${site.url('/bora')}?${n}`), site.url('/held')];
  for (let n = 0; n < 11; n++) site.routes.set(`/bora?${n}`, webPage(`Bora ${n}`, 'Cold.'));
  const webhook_url = receiver.url('/job');
  const job_id = await service.api.queue('/v1/scrape/batch/async', {
    urls,
    webhook_url,
    metadata: { ticket: 7 },
    // The held page waits for this test, however long the browser takes.
    timeout_ms: 120_000,
  });
  await page.goto(url('/jobs'));
  await page.locator(`a[href$="${job_id}"]`).click();
  const bar = page.getByRole('progressbar');
  await page.getByText('11 of 12 pages').waitFor();
  assert.equal(await bar.getAttribute('max'), '12');
  assert.equal(await bar.getAttribute('value'), '11');
  assert.equal(await page.locator('.title .badge').first().textContent(), 'running');
  await page.locator('#pages').getByText('ok', { exact: true }).nth(10).waitFor();
  await look('job-running');
  held.open();
  // No reload of ours: the page follows the job to its end by itself.
  await page.getByText('12 of 12 pages').waitFor();
  await main().getByText('completed').first().waitFor();
  await receiver.received(1, '/job');
  await page.reload();
  await look('job');
  await page.getByRole('link', { name: site.url('/held').replace('http://', '') }).click();
  await page.getByRole('heading', { name: 'Held' }).waitFor();
  await look('page');

  const stuck = gate(webPage('Stuck', 'never'));
  site.routes.set('/stuck', stuck.route);
  const body = { url: site.url('/stuck'), timeout_ms: 120_000 };
  const other = await service.api.queue('/v1/scrape/async', body);
  await stuck.entered;
  await page.goto(url(`/jobs/${other}`));
  // The answer comes after the job's last event, which would have reloaded the page.
  await page.route('**/cancel', async (route) => {
    const answer = await route.fetch({ maxRedirects: 0 });
    await sleep(1000);
    await route.fulfill({ response: answer });
  });
  await page.getByText('Cancel…').click();
  await page.getByRole('button', { name: 'Cancel the job' }).click();
  await page.getByText('The job is cancelled.').waitFor();
  await page.unroute('**/cancel');
  stuck.open();
  assert.equal((await service.api('GET', `/v1/jobs/${other}`)).json.status, 'cancelled');
  await page.goto(url('/jobs?status=cancelled'));
  assert.equal(await page.getByRole('row').count(), 2, 'its head and one job');
  await page.goto(url('/jobs'));
  await look('jobs');
});

inBrowser('a test is sent and watched: attempts, timings, answers, and the bytes that verify', async () => {
  receiver.answers.push({ status: 503, body: 'Not <b>yet</b>' });
  await page.getByRole('link', { name: 'Endpoints' }).click();
  await page.getByLabel('Send a test to').fill('http://x.test/');
  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.getByText('Must start with https://.').waitFor();
  await page.getByLabel('Send a test to').fill(receiver.url('/test'));
  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.getByRole('heading', { name: 'Test delivery' }).waitFor();
  // Refreshed by the script until it has ended.
  await page.getByRole('heading', { name: 'Attempt 2' }).waitFor();
  await page.locator('.facts').getByText('delivered').waitFor();
  await page.getByText('HTTP 503').waitFor();
  await page.getByText('The answer').click();
  await page.getByText('Not <b>yet</b>').waitFor();
  await look('delivery');
  const [sent] = await receiver.received(2, '/test');
  assert.equal(await page.getByLabel('Body of the request').textContent(), sent!.body.toString());
  const secret = (await service.api('GET', '/v1/me')).json.webhook_secret as string;
  const header = page.locator('.headers > div', { hasText: 'x-ollagraph-signature' }).locator('dd > code');
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec((await header.textContent())!)!;
  assert.equal(v1, createHmac('sha256', secret).update(`${t}.`).update(sent!.body).digest('hex'));

  await page.getByRole('button', { name: 'Send again' }).click();
  const [, , third] = await receiver.received(3, '/test');
  assert.deepEqual(third!.body, sent!.body);
  await page.getByRole('heading', { name: 'Attempt 3' }).waitFor();
});

inBrowser('what failed for good is counted first and then recovered', async () => {
  receiver.answer = 500;
  const job_id = await service.api.queue('/v1/scrape/async', {
    url: site.url('/bora'),
    webhook_url: receiver.url('/down'),
  });
  await receiver.received(3, '/down');
  await page.goto(url('/deliveries?status=exhausted'));
  for (let n = 0; n < 100 && (await page.getByRole('row').count()) < 2; n++) await page.reload();
  await look('deliveries');
  receiver.answer = 200;
  await page.getByRole('link', { name: 'Recover…' }).click();
  await page.getByRole('button', { name: 'Count them' }).click();
  await page.getByText('1 delivery was given up in this window.').waitFor();
  await look('recover');
  await page.getByRole('button', { name: 'Send 1 again' }).click();
  await page.getByText('1 delivery is sent again.').waitFor();
  const callbacks = await receiver.received(4, '/down');
  assert.equal(callbacks[3]!.headers['webhook-id'], job_id);
  assert.deepEqual(callbacks[3]!.body, callbacks[0]!.body);
});

inBrowser(
  'what fails is told apart: jobs with their reason, callbacks, endpoints, and the overview',
  async () => {
    await using failing = await startReceiver();
    failing.answer = 500;
    const job_id = await service.api.queue('/v1/scrape/batch/async', {
      urls: ['http://127.0.0.1:1/a', 'http://127.0.0.1:1/b'],
      webhook_url: failing.url('/hook'),
    });
    await service.api.finished(job_id);
    await failing.received(3, '/hook');
    await page.goto(url(`/jobs/${job_id}`));
    await page.getByText('No page came back.').waitFor();
    await page.getByText('blocked_target').first().waitFor();
    assert.equal(await page.locator('.progress.failed').count(), 1);
    await look('job-failed');
    await page.goto(url('/endpoints'));
    await page
      .getByRole('listitem')
      .filter({ hasText: new URL(failing.origin).host })
      .getByText('failing')
      .waitFor();
    await page.goto(url('/deliveries?status=exhausted'));
    await page.goto(url(''));
    await page
      .getByRole('region', { name: 'Needs attention' })
      .getByText(/endpoints? failing/)
      .waitFor();
    await look('overview-attention');
  },
);

inBrowser('a search for what is no id says so, and shows nothing else', async () => {
  for (const [path, message] of [
    ['/deliveries?id=dlv_nope', '“dlv_nope” is not the id of a delivery or of a job.'],
    ['/jobs?id=job_nope', '“job_nope” is not the id of a job.'],
  ] as const) {
    await page.goto(url(path));
    await page.getByText(message).waitFor();
    assert.equal(await page.getByRole('row').count(), 0);
  }
});

inBrowser('what is shown can be copied on an insecure origin too, and saved', async () => {
  const insecure = await browser.open();
  // Browsers offer no clipboard there. 127.0.0.1 counts as secure.
  await insecure.addInitScript('Object.defineProperty(navigator, "clipboard", { value: undefined })');
  await signIn(insecure, service);
  const { data } = (await service.api('GET', '/v1/jobs?kind=scrape&status=completed')).json;
  await insecure.goto(url(`/jobs/${data[0].job_id}`));
  await insecure.getByRole('button', { name: 'Copy the id' }).click();
  await insecure.getByText('Copied').waitFor();
  await insecure.getByLabel('Id', { exact: true }).count();
  await insecure.evaluate(
    `document.body.append(Object.assign(document.createElement('textarea'), { id: 'pasted' }))`,
  );
  await insecure.locator('#pasted').focus();
  await insecure.keyboard.press('Control+V');
  assert.equal(await insecure.locator('#pasted').inputValue(), data[0].job_id);

  await insecure.getByRole('tab', { name: 'Markdown source' }).click();
  const saving = insecure.waitForEvent('download');
  await insecure.getByRole('tabpanel').getByRole('button', { name: 'Download' }).click();
  const saved = await readFile(await (await saving).path(), 'utf8');
  assert.equal(saved.trim(), (await insecure.getByLabel('Markdown source').last().textContent())!.trim());
  await insecure.context().close();
});

inBrowser('times are shown in the zone of the viewer', async () => {
  const viewer = await browser.open({ timezoneId: 'Asia/Tokyo', locale: 'en-GB' });
  await signIn(viewer, service);
  const { data } = (await service.api('GET', '/v1/jobs?kind=scrape&status=completed')).json;
  await viewer.goto(url(`/jobs/${data[0].job_id}`));
  const created = new Date(data[0].created_at as string);
  const format = new Intl.DateTimeFormat('en-GB', {
    dateStyle: 'medium',
    timeStyle: 'medium',
    timeZone: 'Asia/Tokyo',
  });
  await viewer.locator('.facts time').getByText(format.format(created)).first().waitFor();
  assert.match((await viewer.locator('.facts time').first().getAttribute('title'))!, / UTC$/);
  await viewer.context().close();
});

inBrowser('an endpoint is paused, emptied and resumed', async () => {
  const host = new URL(receiver.origin).host;
  await page.goto(url('/endpoints'));
  const card = page.getByRole('listitem').filter({ hasText: host });
  await card.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Deliveries wait until you resume it').waitFor();
  await service.api.finished(
    await service.api.queue('/v1/scrape/async', {
      url: site.url('/bora'),
      webhook_url: receiver.url('/held'),
    }),
  );
  await page.goto(url('/endpoints'));
  await look('endpoints');
  await card.getByText('Cancel pending…').click();
  await card.getByRole('button', { name: 'Cancel pending deliveries' }).click();
  await page.getByText('1 waiting delivery was cancelled.').waitFor();
  await card.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('What waited is sent now.').waitFor();
  assert.ok(receiver.callbacks.every((callback) => callback.path !== '/held'));
});

inBrowser('the secret is shown when asked for, and rotated with an overlap', async () => {
  const first = (await service.api('GET', '/v1/me')).json.webhook_secret as string;
  await page.getByRole('link', { name: 'Secret' }).click();
  assert.ok(!(await page.content()).includes(first));
  await look('secret');
  await page.getByRole('button', { name: 'Reveal' }).click();
  await page.getByText(first, { exact: true }).waitFor();
  await page.getByText('Hide it').click();
  await page.getByText('Rotate…').click();
  await page.getByRole('combobox').selectOption('for an hour');
  await page.getByRole('button', { name: 'Rotate the secret' }).click();
  await page.getByText('This is the new secret.').waitFor();
  const { webhook_secret, previous_secret_until } = (await service.api('GET', '/v1/me')).json;
  assert.notEqual(webhook_secret, first);
  assert.ok(previous_secret_until !== null);
  await page.getByText(webhook_secret, { exact: true }).waitFor();
});

inBrowser('a key is made, shown once, used, and revoked', async () => {
  await page.getByRole('link', { name: 'Keys' }).click();
  await page.getByLabel('Name of the new key').fill('<i>production</i>');
  await page.getByRole('button', { name: 'Make a key' }).click();
  await page.getByText('shown only this once').waitFor();
  const key = (await page.locator('.made code').textContent())!;
  const call = () => service.api('GET', '/v1/me', undefined, { authorization: `Bearer ${key}` });
  assert.equal((await call()).status, 200);
  await look('keys');
  await page.getByRole('link', { name: 'Keys' }).click();
  assert.ok(!(await page.content()).includes(key));
  const row = page.getByRole('row', { name: '<i>production</i>' });
  await row.getByText('Revoke…').click();
  await row.getByRole('button', { name: 'Revoke the key' }).click();
  await page.getByText('The key is revoked.').waitFor();
  assert.equal((await call()).status, 401);
});

inBrowser('the overview shows what was done', async () => {
  await page.getByRole('link', { name: 'Overview' }).click();
  assert.match(
    (await page.getByRole('img', { name: 'Pages per minute' }).getAttribute('aria-label'))!,
    /pages: at most \d+/,
  );
  assert.match(
    (await page.getByRole('img', { name: 'Delivery attempts' }).getAttribute('aria-label'))!,
    /accepted: at most [1-9]/,
  );
  await look('overview');
});

inBrowser('operators see the service and give credits', async () => {
  await page.goto(url('/admin'));
  await page.getByLabel('Admin token').fill(ADMIN_TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  for (const [name, heading] of [
    ['Service', 'Queue depth'],
    ['Deliveries', 'Slowest endpoints'],
    ['Scraping', 'Hosts'],
    ['Database', 'Table sizes'],
  ] as const) {
    await page.getByRole('link', { name }).click();
    await page.getByRole('heading', { name: heading }).waitFor();
    await look(`admin-${name.toLowerCase()}`);
  }
  await page.getByRole('link', { name: 'Accounts' }).click();
  await look('admin-accounts');
  await page.getByRole('table').getByRole('link').first().click();
  await page.getByText('Credits…').click();
  await look('admin-account');
  const { credits } = (await service.api('GET', '/v1/me')).json;
  await page.getByLabel('How many').fill('250');
  await page.getByRole('button', { name: 'Give credits' }).click();
  await page.getByText('250 credits were given.').waitFor();
  assert.equal((await service.api('GET', '/v1/me')).json.credits, credits + 250);
  await page.getByText('Suspend…').click();
  await page.getByRole('button', { name: 'Suspend it' }).click();
  await page.getByText('Its keys are refused').waitFor();
  await page.getByText('Resume…').click();
  await page.getByRole('button', { name: 'Resume it' }).click();
  await page.getByText('Its keys work again').first().waitFor();
  await page.getByRole('link', { name: 'Accounts', exact: true }).click();
  await page.getByLabel('Name of the new account').fill('Weather desk');
  await page.getByLabel('Credits', { exact: true }).first().fill('77');
  await page.getByRole('button', { name: 'Make an account' }).click();
  await page.getByText('The key of Weather desk, shown only this once:').waitFor();
  const key = (await page.locator('.made code').textContent())!;
  const made = await service.api('GET', '/v1/me', undefined, { authorization: `Bearer ${key}` });
  assert.deepEqual([made.json.name, made.json.credits], ['Weather desk', 77]);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out.').waitFor();
});

inBrowser('without scripts nothing is lost', async () => {
  const plain = await browser.open({ javaScriptEnabled: false });
  await signIn(plain, service);
  await plain.goto(url('/playground'));
  await plain.getByLabel('URL').fill(site.url('/bora'));
  await plain.getByRole('button', { name: 'Scrape' }).click();
  for (const name of ['Markdown source', 'HTML', 'Metadata'])
    await plain.getByRole('heading', { name, exact: true }).waitFor();
});

inBrowser('no page asked another host for anything, or broke its own policy', async () => {
  assert.deepEqual([...new Set(browser.requests.map((request) => request.origin))], [service.api.origin]);
  assert.deepEqual(browser.complaints, []);
});
