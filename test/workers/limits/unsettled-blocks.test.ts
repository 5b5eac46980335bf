import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { startTestService } from '../../support/service.ts';
import { page, startSite } from '../../support/site.ts';
import { eventually } from '../../support/wait.ts';

const TEXT = { headers: { 'content-type': 'text/plain' }, body: 'a line\n'.repeat(1_250_000) };

test('a large block keeps its room until it is stored, and the next one waits', async () => {
  const opened = Promise.withResolvers<void>();
  await using site = await startSite({ '/': page('Here', 'text'), '/second': TEXT });
  site.routes.set('/first', (_req, res) => {
    void opened.promise.then(() => res.writeHead(200, TEXT.headers).end(TEXT.body));
  });
  await using service = await startTestService();
  const { api, db } = service;
  const queue = async (path: string) =>
    await api.queue('/v1/scrape/batch/async', { urls: [site.url(path)], formats: ['text'] });
  const statusOf = async (id: string): Promise<string> => (await api('GET', `/v1/jobs/${id}`)).json.status;
  const others = await service.createAccount();
  const isStored = async (id: string) => {
    const { rows } = await sql<{ status: string }>`select status from pages where job_id = ${id}`.execute(db);
    return rows[0]!.status === 'ok';
  };

  const first = await queue('/first');
  await eventually(() => site.requests.some(({ path }) => path === '/first'));
  await db.transaction().execute(async (tx) => {
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(tx);
    // Nothing of the job can be stored meanwhile.
    await sql`select from jobs where id = ${first} for update`.execute(tx);
    opened.resolve();
    await eventually(async () => {
      const { rows } = await sql`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like '%"jobs"%'`.execute(
        db,
      );
      return rows.length > 0;
    });
    const second = await queue('/second');
    await eventually(() => site.requests.some(({ path }) => path === '/second'));
    // Time for the second, if it did not wait: other accounts' pages do not.
    for (let n = 0; n < 10; n++) await others.api('POST', '/v1/scrape', { url: site.url('/') });
    const batch = await others.api.queue('/v1/scrape/batch/async', { urls: Array(10).fill(site.url('/')) });
    assert.equal((await others.api.finished(batch)).succeeded, 10);
    assert.equal(await isStored(second), false);
    assert.equal(await statusOf(second), 'running');
  });
  await eventually(async () => await isStored(first));
});
