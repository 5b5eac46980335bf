import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/ids.ts';
import { InstallationMetrics } from '../../src/metrics/installation.ts';
import { createApi } from '../support/api.ts';
import { createTestDatabase } from '../support/database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startTestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

const ADMIN_TOKEN = 'a-token-for-operators';

/** Samples by name and labels. */
function parse(text: string): Map<string, number> {
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1).replace('Nan', 'NaN'))];
    }),
  );
}

test('metrics are for the operator alone', async () => {
  await using service = await startTestService({ ROLES: 'web', ADMIN_TOKEN });
  const { origin } = service.api;
  assert.equal((await createApi(origin, null)('GET', '/metrics')).json.code, 'unauthorized');
  assert.equal((await service.api('GET', '/metrics')).json.code, 'unauthorized');
  assert.equal((await createApi(origin, ADMIN_TOKEN.slice(0, -1))('GET', '/metrics')).status, 401);
  const { status, headers } = await createApi(origin, ADMIN_TOKEN)('GET', '/metrics');
  assert.equal(status, 200);
  assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
});

test('without an ADMIN_TOKEN there are none', async () => {
  await using service = await startTestService({ ROLES: 'web', ADMIN_TOKEN: '' });
  assert.equal((await service.api('GET', '/metrics')).json.code, 'not_found');
});

test('requests, jobs, pages and attempts are counted, and what waits is measured', async () => {
  await using service = await startTestService({ ADMIN_TOKEN, WEBHOOK_RETRY_SCHEDULE: '3600' });
  await using receiver = await startReceiver();
  await using site = await startSite({
    '/': page('Home', 'Hello.'),
    '/blocked': { headers: { 'cf-mitigated': 'challenge' }, body: page('Wait', 'Wait.') },
  });
  receiver.answers = [200, 500];
  for (const path of ['/first', '/second']) {
    const urls = [site.url('/'), site.url('/blocked'), 'http://127.0.0.1:1/'];
    await service.api.finished(
      await service.api.queue('/v1/scrape/batch/async', { urls, webhook_url: receiver.url(path) }),
    );
    await receiver.received(1, path);
  }
  await service.api('GET', '/v1/jobs/job_unknown');

  const operator = createApi(service.api.origin, ADMIN_TOKEN);
  const samples = await eventually(async () => {
    const found = parse((await operator('GET', '/metrics')).text);
    const jobs = found.get('ollagraph_jobs_ended_total{kind="batch",status="completed"}');
    return jobs === 2 && found.get('ollagraph_attempts_total{outcome="failed"}') === 1 && found;
  });
  assert.equal(samples.get('ollagraph_pages_total{status="ok"}'), 4);
  assert.equal(samples.get('ollagraph_pages_blocked_total'), 2);
  assert.equal(samples.get('ollagraph_pages_total{status="failed"}'), 2);
  assert.equal(samples.get('ollagraph_job_duration_seconds_count{kind="batch"}'), 2);
  assert.equal(samples.get('ollagraph_job_duration_seconds_bucket{kind="batch",le="+Inf"}'), 2);
  assert.equal(samples.get('ollagraph_attempts_total{outcome="succeeded"}'), 1);
  assert.equal(samples.get('ollagraph_attempt_duration_seconds_count'), 2);
  assert.equal(samples.get('ollagraph_deliveries_ended_total{status="delivered"}'), 1);
  assert.equal(samples.get('ollagraph_deliveries_ended_total{status="exhausted"}'), 0);
  assert.equal(samples.get('ollagraph_delivery_duration_seconds_count'), 1);
  assert.equal(samples.get('ollagraph_jobs_open'), 0);
  assert.equal(samples.get('ollagraph_outbox_deliveries'), 1);
  assert.equal(samples.get('ollagraph_outbox_due_deliveries'), 0);
  assert.equal(samples.get('ollagraph_deliveries_exhausted'), 0);
  const requests = 'ollagraph_request_duration_seconds_count';
  assert.equal(samples.get(`${requests}{method="POST",route="/v1/scrape/batch/async",status="202"}`), 2);
  assert.equal(samples.get(`${requests}{method="GET",route="/v1/jobs/{job_id}",status="404"}`), 1);
  assert.ok(samples.get('ollagraph_database_connections{state="idle"}')! >= 0);
  assert.ok(samples.get('nodejs_eventloop_lag_p99_seconds')! >= 0);
  assert.ok(samples.get('process_resident_memory_bytes')! > 0);
});

test('what ended is counted once, even if reading it fails half-way', async () => {
  await using database = await createTestDatabase();
  const { db } = database;
  await sql`insert into jobs (account_id, id, kind, status, options, total, remaining, succeeded, reserved, finished_at)
    values ('acct_any', ${newId('job')}, 'batch', 'completed', '{}', 1, 0, 1, 0, now() - interval '1 minute')`.execute(
    db,
  );
  const metrics = new InstallationMetrics(db, new Date(0));
  await sql`alter table deliveries rename to deliveries_away`.execute(db);
  await assert.rejects(metrics.read(), /deliveries/);
  await sql`alter table deliveries_away rename to deliveries`.execute(db);
  for (let n = 0; n < 2; n++)
    assert.equal(
      parse(await metrics.read()).get('ollagraph_jobs_ended_total{kind="batch",status="completed"}'),
      1,
    );
});
