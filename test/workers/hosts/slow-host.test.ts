import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDns } from '../../support/net/dns.ts';
import { assertBooksBalance } from '../../support/checks/ledger.ts';
import { startTestService } from '../../support/service.ts';
import { page, startSite } from '../../support/site.ts';
import { eventually } from '../../support/wait.ts';

test('a host that hangs holds up its own pages alone, whatever stands between them', async () => {
  const hanging: (() => void)[] = [];
  let hangs = true;
  await using site = await startSite();
  site.routes.set('/', page('Here', 'text'));
  site.routes.set('/hang', (_req, res) => {
    const answer = () => res.writeHead(200, { 'content-type': 'text/html' }).end(page('Late', 'text'));
    if (hangs) hanging.push(answer);
    else answer();
  });
  const names = ['slow', ...Array.from({ length: 40 }, (_, n) => `host-${n}`)];
  await using dns = await startDns(
    Object.fromEntries(names.map((name) => [`${name}.test`, { a: ['127.0.0.1'] }])),
  );
  await using service = await startTestService({ DNS_SERVERS: dns.server });

  const { port } = new URL(site.origin);
  const urls = Array.from({ length: 150 }, (_, n) =>
    n % 3 === 0 ? `http://slow.test:${port}/hang` : `http://host-${n % 40}.test:${port}/`,
  );
  const job_id = await service.api.queue('/v1/scrape/batch/async', { urls, timeout_ms: 120_000 });
  const progress = async () => (await service.api('GET', `/v1/jobs/${job_id}?result=false`)).json;
  await eventually(async () => (await progress()).succeeded === 100);
  assert.equal((await progress()).remaining, 50);
  assert.ok(hanging.length <= 8, `${hanging.length} requests at once to one host`);

  hangs = false;
  for (const answer of hanging) answer();
  const job = await service.api.finished(job_id);
  assert.deepEqual([job.status, job.succeeded], ['completed', 150]);
  await assertBooksBalance(service.db);
});
