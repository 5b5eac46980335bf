import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestService } from '../../support/service.ts';
import { shareTestService } from '../../support/shared-service.ts';
import { page, startSite, type Site } from '../../support/site.ts';
import { callerOf, runCli, runJson } from '../run-cli.ts';

let service: TestService;
let site: Site;
let env: Record<string, string>;
before(async () => {
  service = await shareTestService();
  site = await startSite({ '/': page('Home', 'Hello.', ['/a']), '/a': page('Page A', 'First.') });
  env = callerOf(service);
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

test('a schedule is created, listed, shown, run, held, and deleted', async () => {
  const when = ['--cron', '0 6 * * *', '--timezone', 'Europe/Berlin'];
  const what = ['--kind', 'crawl', '--diff', '--max-pages', '10', '--heartbeat-days', '7'];
  const made = await runCli(env, ['schedules', 'create', 'Docs', site.url('/'), ...when, ...what]);
  assert.deepEqual([made.exitCode, made.stderr], [0, '']);
  const id = made.stdout.trim();
  const shown = await runJson(env, ['schedules', 'show', id]);
  assert.deepEqual(
    [shown.name, shown.cron, shown.timezone, shown.deliver, shown.diff, shown.heartbeat_days],
    ['Docs', '0 6 * * *', 'Europe/Berlin', 'changes', true, 7],
  );
  assert.deepEqual([shown.job.kind, shown.job.max_pages], ['crawl', 10]);

  const { job_id } = await runJson(env, ['schedules', 'run', id]);
  await service.api.finished(job_id);
  const [run] = (await runJson(env, ['schedules', 'runs', id])).data;
  assert.deepEqual(run.changes, { added: 2, changed: 0, removed: 0, unchanged: 0 });
  assert.match((await runCli(env, ['schedules', 'runs', id])).stdout, new RegExp(`completed .* ${job_id}`));
  assert.match((await runCli(env, ['schedules', 'list'])).stdout, /Docs .* 0 6 \* \* \* .* completed/);

  assert.match((await runCli(env, ['schedules', 'pause', id])).stdout, /is paused\./);
  assert.equal((await runJson(env, ['schedules', 'resume', id])).status, 'active');
  assert.match((await runCli(env, ['schedules', 'delete', id])).stdout, /is deleted\./);
  assert.equal((await runCli(env, ['schedules', 'show', id])).exitCode, 1);
});

test('a schedule of a list is created from a file, and changed', async () => {
  const list = `# pages\n${site.url('/')}\n${site.url('/a')}\n`;
  const create = ['schedules', 'create', 'List', '--file', '-', '--every', '3600', '--until', '30d'];
  const made = await runCli(env, create, list);
  assert.deepEqual([made.exitCode, made.stderr], [0, '']);
  const id = made.stdout.trim();
  const { job, until } = await runJson(env, ['schedules', 'show', id]);
  assert.deepEqual([job.kind, job.urls], ['batch', [site.url('/'), site.url('/a')]]);
  const days = (Date.parse(until) - Date.now()) / 86_400_000;
  assert.ok(days > 29 && days <= 30, until);

  const change = ['schedules', 'change', id, '--name', 'Other', '--cron', '0 6 * * *', '--diff'];
  const changed = await runJson(env, change);
  assert.deepEqual(
    [changed.name, changed.cron, changed.every_seconds, changed.diff, changed.deliver, changed.until],
    ['Other', '0 6 * * *', null, true, 'changes', until],
  );
  assert.equal((await runJson(env, ['schedules', 'change', id, '--no-diff'])).diff, false);
  for (const wrong of [[], [site.url('/'), '--file', '-'], ['--file', '-', '--kind', 'crawl']]) {
    const { exitCode } = await runCli(
      env,
      ['schedules', 'create', 'List', '--every', '3600', ...wrong],
      list,
    );
    assert.equal(exitCode, 2, wrong.join(' '));
  }
});

test('what the service refuses is a wrong command', async () => {
  const { exitCode, stderr } = await runCli(env, ['schedules', 'create', 'Docs', site.url('/')]);
  assert.equal(exitCode, 2);
  assert.match(stderr, /give cron or every_seconds/);
});
