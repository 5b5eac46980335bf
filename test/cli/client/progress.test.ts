import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { JobSummary } from '../../../src/cli/client/answers.ts';
import { createProgress, progressBar } from '../../../src/cli/client/scrape/progress.ts';
import { missing } from '../../support/programs/programs.ts';
import type { TestService } from '../../support/service.ts';
import { shareTestService } from '../../support/shared-service.ts';
import { page, startSite, type Site } from '../../support/site.ts';
import { callerOf } from '../run-cli.ts';

const SCRIPT = '/usr/bin/script';

let service: TestService;
let site: Site;
before(async () => {
  service = await shareTestService();
  site = await startSite({ '/': page('Home', 'Hello.') });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

function job(total: number, remaining: number, more: Partial<JobSummary> = {}): JobSummary {
  return {
    job_id: 'job_x',
    kind: 'crawl',
    status: 'running',
    total,
    remaining,
    succeeded: total - remaining,
    failed: 0,
    skipped: 0,
    cancelled: 0,
    blocked: 0,
    cut_short: false,
    finish_by: null,
    url: 'https://example.com/',
    options: { formats: ['markdown'], headers: [] },
    webhook_url: null,
    created_at: '',
    started_at: null,
    finished_at: null,
    duration_ms: null,
    delivery: null,
    ...more,
  };
}

test('a bar grows with the pages, and stays on its line', () => {
  assert.equal(
    progressBar(job(24, 12, { failed: 2, skipped: 1 }), 2, 80),
    `${'█'.repeat(12)}${'░'.repeat(12)}  12 of 24 pages, 2 failed, 1 skipped  6.0/s  2.0 s`,
  );
  assert.equal(progressBar(job(3, 0), 0, 80), `${'█'.repeat(24)}  3 of 3 pages  0.0 s`);
  assert.equal(progressBar(job(24, 12), 2, 20), `${'█'.repeat(12)}${'░'.repeat(7)}`);
  assert.match(progressBar(job(0, 0), 1, 80), /^░{24} {2}0 of 0 pages/);
});

test('a terminal sees one line that is redrawn, a file a line now and then and the last state always', () => {
  const states = [job(4, 4), job(4, 3), job(4, 2), job(4, 0, { finished_at: '2026-01-31T12:00:00Z' })];
  function written(isTTY: boolean): string {
    let [time, all] = [0, ''];
    const progress = createProgress({ isTTY, columns: 80, write: (text) => (all += text) }, () => time);
    for (const state of states) {
      progress.show(state);
      time += 1500;
    }
    progress.end();
    return all;
  }
  assert.equal(
    written(false),
    '0 of 4 pages  0.0 s\n2 of 4 pages  0.7/s  3.0 s\n4 of 4 pages  0.9/s  4.5 s\n',
  );
  const drawn = written(true);
  assert.equal(drawn.split('\r').length, states.length + 1);
  assert.equal(drawn.split('\n').length, 2);
  assert.ok(drawn.endsWith('4 of 4 pages  0.9/s  4.5 s\u001b[K\n'));
});

test('crawl draws a bar on a terminal', { skip: missing('script') }, async () => {
  const command = `${process.execPath} src/cli.ts crawl ${site.url('/')}`;
  const { stdout } = await promisify(execFile)(
    SCRIPT,
    ['--quiet', '--return', '--command', command, '/dev/null'],
    {
      cwd: new URL('../../..', import.meta.url),
      env: { ...process.env, ...callerOf(service) },
    },
  );
  assert.match(stdout, /\r█{24} {2}1 of 1 page .*\r\njob_\w+ completed: 1 of 1 page came back/);
});
