import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { noBrowser, startBrowser, type TestBrowser } from '../support/browser/browser.ts';
import { look, signIn, WIDE } from '../support/browser/console.ts';
import { createBrowserSession, type BrowserSession } from '../support/browser/session.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { page as webPage, startSite, type Site } from '../support/site.ts';

const FORM = '/console/jobs/new';

let service: TestService;
let site: Site;
let receiver: Receiver;
before(async () => {
  [service, site, receiver] = await Promise.all([
    shareTestService(),
    startSite({ '/': webPage('Home', 'Hello.'), '/bora': webPage('Bora', 'Cold.') }),
    startReceiver(),
  ]);
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const file = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });
const press = async (page: Page, name: string) => await page.getByRole('button', { name }).click();

/** The job whose page is shown, as the API has it once it has ended. */
async function shownJob(page: Page, scripts = true) {
  await page.getByText('The job is queued.').waitFor();
  const id = /job_[0-9a-f]{24}/.exec(page.url())![0];
  const job = await service.api.finished(id);
  // At the end of its job the page loads itself once more.
  if (scripts) await page.locator('.progress:not([data-events])').waitFor();
  return job;
}

test(
  'jobs are queued from lists and files, and problems stand beside their fields',
  { skip: noBrowser },
  async (t) => {
    await using browser: TestBrowser = await startBrowser();
    const page = await browser.open({ viewport: WIDE });
    await signIn(page, service);
    const problemOf = (field: string) =>
      page.locator(`#field-${field}-problem`).textContent({ timeout: 60_000 });

    await t.test('a list is pasted, refused with the line, mended and queued', async () => {
      await page.getByRole('link', { name: 'Jobs', exact: true }).click();
      await page.getByRole('link', { name: 'Queue a job' }).click();
      await look(page, 'new-batch');
      const list = page.getByLabel('URLs, one per line');
      await list.fill(`# winds\n${site.url('/')}\nftp://x.test\n`);
      await page.getByLabel('Webhook URL').fill('http://x.test/hook');
      await page.getByLabel('text', { exact: true }).check();
      await press(page, 'Queue the batch');
      assert.equal(await problemOf('urls'), 'Line 3 must start with http:// or https://.');
      assert.equal(await list.inputValue(), `# winds\n${site.url('/')}\nftp://x.test\n`);
      await list.fill(`${site.url('/')}\n${site.url('/bora')}\n`);
      await press(page, 'Queue the batch');
      assert.equal(await problemOf('webhook_url'), 'Must start with https://.');
      await look(page, 'new-batch-refused');
      await page.getByLabel('Webhook URL').fill(receiver.url('/list'));
      await press(page, 'Queue the batch');
      const job = await shownJob(page);
      assert.deepEqual([job.kind, job.total, job.succeeded], ['batch', 2, 2]);
      assert.deepEqual(job.options.formats, ['markdown', 'text']);
      const [callback] = await receiver.received(1, '/list');
      assert.equal((JSON.parse(callback!.body.toString()) as { job_id: string }).job_id, job.job_id);
    });

    await t.test('a file is kept with the form while something is wrong, and may be dropped', async () => {
      await page.goto(service.api.origin + FORM);
      const field = page.getByLabel('Or a file');
      await field.setInputFiles(file('urls.csv', `url,title\n${site.url('/')},Home\nno url,None\n`));
      await page.getByLabel('Finish within (seconds)').fill('600');
      await press(page, 'Queue the batch');
      assert.equal(await problemOf('file'), 'Line 3 must be an absolute URL.');
      assert.equal(
        await page.evaluate<string>("document.getElementById('field-file').files[0].name"),
        'urls.csv',
      );
      assert.equal(await page.evaluate<string>('document.activeElement.id'), 'field-file');
      await page.getByLabel('Invalid URLs').selectOption('take the others');
      await press(page, 'Queue the batch');
      const job = await shownJob(page);
      assert.deepEqual([job.total, job.succeeded, job.failed], [2, 1, 1]);

      await page.goto(service.api.origin + FORM);
      const list = JSON.stringify([site.url('/bora')]);
      const dropped = await page.evaluateHandle(`(() => {
      const carried = new DataTransfer();
      carried.items.add(new File([${JSON.stringify(list)}], 'urls.json'));
      return carried;
    })()`);
      await page.getByLabel('URLs, one per line').dispatchEvent('drop', { dataTransfer: dropped });
      await press(page, 'Queue the batch');
      assert.equal((await shownJob(page)).total, 1);
    });

    await t.test('a crawl is queued with its limits', async () => {
      await page.goto(service.api.origin + FORM);
      await page.getByRole('link', { name: 'A whole site' }).click();
      await look(page, 'new-crawl');
      await page.getByLabel('Start URL').fill(site.url('/'));
      await page.getByLabel('Maximum pages').fill('7');
      await page.getByLabel('Maximum depth').fill('0');
      await page.getByLabel('Include paths').fill('/\n\n/[a-z]');
      await page.getByLabel('Exclude paths').fill('/archive');
      await page.getByLabel('Only the main content').uncheck();
      await press(page, 'Queue the crawl');
      assert.match((await problemOf('include_paths'))!, /not a regular expression/);
      await page.getByLabel('Include paths').fill('/\n/docs');
      await press(page, 'Queue the crawl');
      const { kind, options } = await shownJob(page);
      assert.equal(kind, 'crawl');
      const { max_pages, max_depth, include_paths, exclude_paths, only_main_content, render } = options;
      assert.deepEqual(
        { max_pages, max_depth, include_paths, exclude_paths, only_main_content, render },
        {
          max_pages: 7,
          max_depth: 0,
          include_paths: ['/', '/docs'],
          exclude_paths: ['/archive'],
          only_main_content: false,
          render: false,
        },
      );
    });

    await t.test('without scripts a list is pasted, and a file sent', async () => {
      const plain = await browser.open({ javaScriptEnabled: false });
      await signIn(plain, service);
      await plain.goto(service.api.origin + FORM);
      await plain.getByLabel('URLs, one per line').fill('nothing');
      await press(plain, 'Queue the batch');
      await plain.getByText('Line 1 must be an absolute URL.').waitFor();
      assert.equal(await plain.getByLabel('URLs, one per line').inputValue(), 'nothing');
      await plain.getByLabel('URLs, one per line').fill(site.url('/'));
      await press(plain, 'Queue the batch');
      assert.equal((await shownJob(plain, false)).total, 1);
      await plain.goto(service.api.origin + FORM);
      await plain.getByLabel('Or a file').setInputFiles(file('urls.txt', site.url('/bora')));
      await press(plain, 'Queue the batch');
      assert.equal((await shownJob(plain, false)).total, 1);
    });

    assert.deepEqual(browser.complaints, []);
  },
);

/** A form as a browser sends it. */
function formOf(fields: Record<string, string>, list?: string): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries({ kind: 'batch', formats: 'markdown', ...fields }))
    form.set(name, value);
  form.set('file', new File(list === undefined ? [] : [list], list === undefined ? '' : 'urls.txt'));
  return form;
}

async function signedIn(key = service.account.key): Promise<BrowserSession> {
  const someone = createBrowserSession(service.api.origin);
  await someone.signIn('/console', key);
  return someone;
}

const jobIn = (location: string | null) => /\/(job_[0-9a-f]{24})/.exec(location ?? '')?.[1];

test('a file may have as many URLs as a request of the API', async () => {
  const someone = await signedIn();
  const list = Array.from({ length: 100_000 }, (_, n) => `http://127.0.0.1:1/${n}`).join('\n');
  const { status, headers } = await someone.post(FORM, formOf({}, list));
  assert.equal(status, 303);
  const id = jobIn(headers.get('location'))!;
  assert.equal((await service.api('GET', `/v1/jobs/${id}`)).json.total, 100_000);
  await service.api('POST', `/v1/jobs/${id}/cancel`);
  const more = await someone.post(FORM, formOf({}, `${list}\nhttp://127.0.0.1:1/`));
  assert.equal(more.status, 422);
  assert.ok(more.text.includes('Must have at most 100000 URLs.'));
  const large = await someone.post(FORM, formOf({ urls: 'x'.repeat(32 * 1024 * 1024) }));
  assert.equal(large.status, 413);
});

test('what is wrong is said in the words of the API', async () => {
  const poor = await service.createAccount({ credits: 1 });
  const someone = await signedIn(poor.key);
  const two = `${site.url('/')}\n${site.url('/')}`;
  for (const [fields, list, status, message] of [
    [{ urls: two }, undefined, 402, 'This job may use 2 credits, and the account has 1 left.'],
    [{ urls: '' }, undefined, 422, 'Must have at least one URL.'],
    [{ urls: two }, two, 422, 'Give a list or a file, not both.'],
    [{}, `${two}\0`, 422, 'Must be text in UTF-8.'],
    [{ urls: '["x"' }, undefined, 422, 'Must be a JSON array, or lines.'],
    [{ urls: '["x", 7]' }, undefined, 422, 'Entry 2 must be a string.'],
    [{ urls: two, render: 'always' }, undefined, 422, 'There is no browser here.'],
    [{ kind: 'crawl', url: site.url('/'), max_pages: 'many' }, undefined, 422, 'expected number'],
    [{ kind: 'crawl', url: '' }, undefined, 422, 'Must be an absolute URL.'],
  ] as const) {
    const answer = await someone.post(FORM, formOf(fields, list));
    assert.equal(answer.status, status, message);
    assert.ok(answer.text.includes(message), message);
  }
  const none = formOf({ urls: two });
  none.delete('formats');
  assert.ok((await someone.post(FORM, none)).text.includes('Choose at least one.'));
  assert.deepEqual((await poor.api('GET', '/v1/jobs')).json.data, []);
});

test('a form that is sent twice queues one job, and another once it is changed', async () => {
  const someone = await signedIn();
  async function send(urls: string) {
    const { headers } = await someone.post(FORM, formOf({ urls, once: 'a showing of the form' }));
    return jobIn(headers.get('location'));
  }
  const first = await send(site.url('/'));
  assert.equal(await send(site.url('/')), first);
  assert.notEqual(await send(site.url('/bora')), first);
});

test('a form with files needs its token, and goes to the page that takes files', async () => {
  const someone = await signedIn();
  const fields = { urls: site.url('/'), name: 'x', may_scrape: 'on' };
  assert.equal((await someone.post(FORM, formOf(fields), { csrf: null })).status, 400);
  assert.equal((await someone.post(FORM, formOf(fields), { csrf: 'x'.repeat(43) })).status, 400);
  assert.equal((await someone.post('/console/keys', formOf(fields))).status, 400);
  const stranger = createBrowserSession(service.api.origin);
  assert.equal((await stranger.post(FORM, formOf(fields), { csrf: null })).status, 303);
  const broken = { 'content-type': 'multipart/form-data; boundary=none' };
  assert.equal((await someone.post(FORM, {}, { headers: broken })).status, 400);
});
