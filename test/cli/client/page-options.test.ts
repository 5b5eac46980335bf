import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BROWSER, noBrowser } from '../../support/browser/browser.ts';
import { testRun } from '../../support/environment.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { page, startSite, type Site } from '../../support/site.ts';
import { callerOf, runCli, runJson } from '../run-cli.ts';

let service: TestService;
let site: Site;
let env: Record<string, string>;
before(async () => {
  service = await startTestService({ CHROMIUM_PATH: BROWSER });
  env = callerOf(service);
  site = await startSite({ '/': page('Home', 'A page with words enough to be read by anybody.') });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const optionsOf = async (jobId: string) => (await service.api('GET', `/v1/jobs/${jobId}`)).json.options;

test('options of pages reach the job of a queued command', async () => {
  const fields = join(await mkdtemp(join(testRun().directory, 'fields-')), 'fields.json');
  await writeFile(fields, '{"title":{"css":"h1"}}');
  const cookies = ['--cookie', 'a=1', '--cookie', 'b=x=y'];
  const others = ['--session', '--fields', fields, '--proxy', 'none', '--format', 'data'];
  const crawl = ['crawl', site.url('/'), '--no-wait', '--max-pages', '1'];
  const { job_id } = await runJson(env, [...crawl, ...cookies, ...others]);
  const job = await service.api.finished(job_id);
  assert.deepEqual(job.result.pages[0].data, { title: 'Home' });
  const { cookie } = site.requests.find(({ path }) => path === '/')!.headers;
  assert.equal(cookie, 'a=1; b=x=y');
  const { session, proxy, render } = await optionsOf(job_id);
  assert.deepEqual([session, proxy, render], ['job', 'none', false]);
});

test('an option that is wrong is refused before anything is sent, or named in the refusal', async () => {
  for (const [args, said] of [
    [['--viewport', 'large'], /must be like 1280x800/],
    [['--cookie', '=1'], /must be like name=value/],
    [['--fields', '/nowhere.json'], /fields cannot be read/],
    [['--proxy', 'pool'], /PROXIES/],
  ] as const) {
    const run = await runCli(env, ['scrape', site.url('/'), ...args]);
    assert.deepEqual([run.exitCode, run.stdout], [2, '']);
    assert.match(run.stderr, said);
  }
});

test('options of the browser imply it', { skip: noBrowser }, async () => {
  const input = `${site.url('/')}\n`;
  const args = ['--wait-for', 'h1', '--viewport', '900x700', '--mobile', '--locale', 'de-AT', '--pdf'];
  const { job_id } = await runJson(env, ['batch', '-', ...args, '--timezone', 'Europe/Vienna'], input);
  const { render, rendering } = await optionsOf(job_id);
  const { wait_for, viewport, mobile, locale, timezone, pdf } = rendering;
  assert.deepEqual(
    [render, wait_for, viewport, mobile, locale, timezone, pdf],
    [true, { selector: 'h1' }, { width: 900, height: 700 }, true, 'de-AT', 'Europe/Vienna', true],
  );
  await service.api.finished(job_id);
});

test('scrape names the files of a page, or saves them', { skip: noBrowser }, async () => {
  const folder = join(await mkdtemp(join(testRun().directory, 'saved-')), 'new');
  const args = ['scrape', site.url('/'), '--screenshot', '--pdf', '--timeout', '25000'];
  const named = await runCli(env, args);
  assert.match(named.stdout, /^# Home/);
  assert.match(named.stderr, /\(http:\S+\/files\/0-screenshot\.png\)\n\(http:\S+\/files\/0-page\.pdf\)/);
  const saved = await runCli(env, [...args, '--save', folder]);
  assert.ok(saved.stderr.includes(`(${join(folder, '0-page.pdf')})`), saved.stderr);
  assert.match((await readFile(join(folder, '0-page.pdf'))).toString('latin1'), /^%PDF-/);
  assert.match((await readFile(join(folder, '0-screenshot.png'))).toString('latin1'), /^.PNG/);
});
