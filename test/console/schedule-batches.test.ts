import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { noBrowser, startBrowser, type TestBrowser } from '../support/browser/browser.ts';
import { look, signIn, WIDE } from '../support/browser/console.ts';
import { createBrowserSession, type BrowserSession } from '../support/browser/session.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page as webPage, startSite, type Site } from '../support/site.ts';

const FORM = '/console/schedules/new';

let service: TestService;
let site: Site;
before(async () => {
  service = await startTestService();
  site = await startSite({ '/': webPage('Home', 'Hello.'), '/bora': webPage('Bora', 'Cold.') });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const idIn = (address: string | null) => /\/(sch_[0-9a-f]{24})/.exec(address ?? '')?.[1];
const read = async (id: string) => (await service.api('GET', `/v1/schedules/${id}`)).json;
const file = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
const press = async (page: Page, name: string) => await page.getByRole('button', { name }).click();

/** The schedule whose page is shown. */
async function shown(page: Page, notice = 'The schedule is made.') {
  await page.getByText(notice).waitFor();
  return await read(idIn(page.url())!);
}

test(
  'schedules of batches are made from lists and files, and changed',
  { skip: noBrowser, timeout: 300_000 },
  async (t) => {
    await using browser: TestBrowser = await startBrowser();
    const page = await browser.open({ viewport: WIDE });
    await signIn(page, service);
    const problemOf = (field: string) =>
      page.locator(`#field-${field}-problem`).textContent({ timeout: 60_000 });
    const list = page.getByLabel('URLs, one per line');

    await t.test('a list is pasted, refused with the line, mended and scheduled', async () => {
      await page.getByRole('link', { name: 'Schedules', exact: true }).click();
      await page.getByRole('link', { name: 'Make a schedule' }).click();
      await look(page, 'new-schedule');
      await page.getByLabel('Name').fill('Winds');
      await page.getByLabel('or every … seconds').fill('3600');
      await list.fill(`${site.url('/')}\nftp://x.test\n`);
      await press(page, 'Make a schedule');
      assert.equal(await problemOf('urls'), 'Line 2 must start with http:// or https://.');
      await look(page, 'new-schedule-refused');
      await list.fill(`${site.url('/')}\n${site.url('/bora')}\n`);
      await page.getByLabel('Deliver', { exact: true }).selectOption('every run');
      await page.getByLabel('Deliver all the same').fill('30');
      await press(page, 'Make a schedule');
      assert.equal(await problemOf('heartbeat_days'), 'Needs deliver: "changes".');
      await page.getByLabel('Deliver', { exact: true }).selectOption('what has changed');
      await page.getByLabel('Deliver all the same').fill('30');
      await page.getByLabel('Until').fill('2100-01-01T12:00:00');
      await press(page, 'Make a schedule');
      const { job, ...made } = await shown(page);
      assert.deepEqual(job.urls, [site.url('/'), site.url('/bora')]);
      assert.deepEqual(
        [made.every_seconds, made.deliver, made.heartbeat_days, made.until, made.kind],
        [3600, 'changes', 30, '2100-01-01T12:00:00.000Z', 'batch'],
      );
    });

    await t.test('an edit adds to the list, and a file takes its place', async () => {
      await look(page, 'schedule-batch');
      assert.equal(await list.inputValue(), `${site.url('/')}\n${site.url('/bora')}`);
      await list.fill(`${await list.inputValue()}\nnone`);
      await press(page, 'Save');
      assert.equal(await problemOf('urls'), 'Line 3 must be an absolute URL.');
      await list.fill(`${site.url('/')}\n${site.url('/bora')}\n${site.url('/c')}`);
      await press(page, 'Save');
      assert.equal((await shown(page, 'Saved.')).job.urls.length, 3);
      const chosen = page.getByLabel('Or a file');
      await page.goto(page.url().split('?')[0]!);
      await chosen.setInputFiles(file('urls.csv', `url,n\n${site.url('/')},1\nnone,2\n`));
      await press(page, 'Save');
      assert.equal(await problemOf('file'), 'Line 3 must be an absolute URL.');
      await chosen.setInputFiles(file('urls.csv', `url,n\n${site.url('/bora')},1\n`));
      await press(page, 'Save');
      const { job, until, heartbeat_days } = await shown(page, 'Saved.');
      assert.deepEqual(job.urls, [site.url('/bora')]);
      assert.deepEqual([until, heartbeat_days], ['2100-01-01T12:00:00.000Z', 30]);
    });

    await t.test('a file may be dropped', async () => {
      await page.goto(service.api.origin + FORM);
      await page.getByLabel('Name').fill('Dropped');
      await page.getByLabel('Cron').fill('0 6 * * *');
      const dropped = await page.evaluateHandle(`(() => {
        const carried = new DataTransfer();
        carried.items.add(new File([${JSON.stringify(JSON.stringify([site.url('/bora')]))}], 'urls.json'));
        return carried;
      })()`);
      await list.dispatchEvent('drop', { dataTransfer: dropped });
      await press(page, 'Make a schedule');
      assert.deepEqual((await shown(page)).job.urls, [site.url('/bora')]);
    });

    await t.test('without scripts a list is pasted, a file sent, and the list changed', async () => {
      const plain = await browser.open({ javaScriptEnabled: false });
      await signIn(plain, service);
      await plain.goto(service.api.origin + FORM);
      await plain.getByLabel('Name').fill('Plain');
      await plain.getByLabel('Cron').fill('0 6 * * *');
      await plain.getByLabel('URLs, one per line').fill('nothing');
      await press(plain, 'Make a schedule');
      await plain.getByText('Line 1 must be an absolute URL.').waitFor();
      assert.equal(await plain.getByLabel('URLs, one per line').inputValue(), 'nothing');
      assert.equal(await plain.getByLabel('Cron').inputValue(), '0 6 * * *');
      await plain.getByLabel('URLs, one per line').fill('');
      await plain.getByLabel('Or a file').setInputFiles(file('urls.txt', site.url('/')));
      await press(plain, 'Make a schedule');
      assert.deepEqual((await shown(plain)).job.urls, [site.url('/')]);
      await plain.getByLabel('URLs, one per line').fill(site.url('/bora'));
      await press(plain, 'Save');
      assert.deepEqual((await shown(plain, 'Saved.')).job.urls, [site.url('/bora')]);
    });

    assert.deepEqual(browser.complaints, []);
  },
);

/** A form as a browser sends it. */
function formOf(fields: Record<string, string>, list?: string): FormData {
  const form = new FormData();
  const every = { kind: 'batch', formats: 'markdown', only_main_content: 'on', name: 'x', cron: '0 6 * * *' };
  for (const [name, value] of Object.entries({ ...every, ...fields })) form.set(name, value);
  form.set('file', new File(list === undefined ? [] : [list], list === undefined ? '' : 'urls.txt'));
  return form;
}

async function signedIn(): Promise<BrowserSession> {
  const someone = createBrowserSession(service.api.origin);
  await someone.signIn('/console', service.account.key);
  return someone;
}

const plain = (value: string) =>
  value.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&amp;', '&');

/** The form that a page shows, as a browser would send it. */
async function formIn(someone: BrowserSession, path: string): Promise<FormData> {
  const { text } = await someone.get(path);
  const [form = ''] = /<form[^>]*data-in-place[\s\S]*?<\/form>/.exec(text) ?? [];
  const sent = new FormData();
  for (const [tag] of form.matchAll(/<input[^>]*>/g)) {
    const of = (name: string) => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
    const isLeftOut = of('type') === 'file' || (of('type') === 'checkbox' && !/\schecked/.test(tag));
    if (!isLeftOut) sent.append(of('name')!, plain(of('value') ?? ''));
  }
  for (const [, name, value] of form.matchAll(/<textarea[^>]*name="([^"]+)"[^>]*>\n?([\s\S]*?)<\/textarea>/g))
    sent.append(name!, plain(value!));
  for (const [, name, options] of form.matchAll(/<select[^>]*name="([^"]+)"[^>]*>([\s\S]*?)<\/select>/g))
    sent.append(name!, /value="([^"]*)"\s*selected/.exec(options!)?.[1] ?? '');
  sent.set('file', new File([], ''));
  return sent;
}

test('an edit of other fields loses no URLs, and nothing that the form does not show', async () => {
  const someone = await signedIn();
  const job = {
    kind: 'batch',
    urls: ['# no comment', 'with\nlines', site.url('/'), ''],
    invalid_urls: 'fail',
    format: 'text',
    headers: { authorization: 'Bearer x' },
    include_selectors: ['main'],
    timeout_ms: 7000,
    webhook_events: ['job.completed', 'job.page'],
    metadata: { id: 12345678901234567890n.toString(), b: 1, a: 2 },
  };
  const until = '2100-01-01T12:00:00.123Z';
  const made = await service.api('POST', '/v1/schedules', { name: 'Odd', every_seconds: 3600, until, job });
  const id = made.json.schedule_id;
  const path = `/console/schedules/${id}`;
  const form = await formIn(someone, path);
  assert.deepEqual(form.getAll('formats'), ['text']);
  form.set('name', 'Renamed');
  assert.equal((await someone.post(path, form)).status, 303);
  const renamed = await read(id);
  assert.equal(renamed.name, 'Renamed');
  assert.deepEqual(renamed.job, made.json.job);
  assert.deepEqual([renamed.until, renamed.next_run_at], [until, made.json.next_run_at]);

  const other = await formIn(someone, path);
  other.set('finish_within', '60');
  other.append('formats', 'links');
  assert.equal((await someone.post(path, other)).status, 303);
  const { format: _format, ...rest } = made.json.job;
  assert.deepEqual((await read(id)).job, { ...rest, formats: ['text', 'links'], finish_within: 60 });

  const empty = await formIn(someone, path);
  empty.set('urls', '');
  const refused = await someone.post(path, empty);
  assert.equal(refused.status, 422);
  assert.ok(refused.text.includes('Must have at least one URL.'));
  const both = await formIn(someone, path);
  both.append('urls', '');
  both.set('urls', site.url('/'));
  both.set('file', new File([site.url('/')], 'urls.txt'));
  assert.ok((await someone.post(path, both)).text.includes('Give a list or a file, not both.'));
});

test('a long list is shown up to a bound, kept by an edit, and replaced by another', async () => {
  const someone = await signedIn();
  const urls = Array.from({ length: 100_000 }, (_, n) => `http://127.0.0.1:1/${n}`);
  const made = await someone.post(FORM, formOf({}, urls.join('\n')));
  const id = idIn(made.headers.get('location'))!;
  const path = `/console/schedules/${id}`;
  const { text } = await someone.get(path);
  assert.ok(text.length < 300_000, `${text.length} characters`);
  assert.ok(text.includes('The first 1,000 of its 100,000 URLs'));
  assert.ok(text.includes('… and 99,900 more'));
  const form = await formIn(someone, path);
  form.set('name', 'Long');
  assert.equal((await someone.post(path, form)).status, 303);
  const { name, job } = await read(id);
  assert.equal(name, 'Long');
  assert.deepEqual(job.urls, urls);
  const shorter = await formIn(someone, path);
  shorter.set('urls', site.url('/'));
  assert.equal((await someone.post(path, shorter)).status, 303);
  assert.deepEqual((await read(id)).job.urls, [site.url('/')]);
  const more = await someone.post(FORM, formOf({}, `${urls.join('\n')}\nhttp://127.0.0.1:1/`));
  assert.equal(more.status, 422);
  assert.ok(more.text.includes('Must have at most 100000 URLs.'));
});

test('a change by somebody else is not undone unseen', async () => {
  const someone = await signedIn();
  const made = await someone.post(FORM, formOf({ urls: site.url('/') }));
  const id = idIn(made.headers.get('location'))!;
  const path = `/console/schedules/${id}`;
  const form = await formIn(someone, path);
  const job = { kind: 'batch', urls: [site.url('/'), site.url('/bora')] };
  assert.equal((await service.api('PATCH', `/v1/schedules/${id}`, { job })).status, 200);
  form.set('name', 'Late');
  const late = await someone.post(path, form);
  assert.equal(late.status, 422);
  assert.ok(late.text.includes('The schedule was changed meanwhile.'));
  assert.equal((await read(id)).job.urls.length, 2);
});

test('a form that is sent twice makes one schedule', async () => {
  const someone = await signedIn();
  const fields = { urls: site.url('/'), once: 'a showing of the form' };
  const first = await someone.post(FORM, formOf(fields));
  const second = await someone.post(FORM, formOf(fields));
  assert.ok(idIn(first.headers.get('location')));
  assert.equal(second.headers.get('location'), first.headers.get('location'));
});
