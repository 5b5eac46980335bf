import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { DEAD_LETTERS, QUEUE_SCHEMA, type Slice, type SliceFailure } from '../../../src/database/queue.ts';
import { WorkerPool } from '../../../src/workers/pool/pool.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { page, startSite } from '../../support/site.ts';

/** Fails the only slice in the queue until the queue gives it up. */
async function failForGood({ context, db }: TestService, failure: SliceFailure | null): Promise<void> {
  const { boss } = context;
  const queued = sql<{ name: string }>`select name from ${sql.id(QUEUE_SCHEMA)}.job where state < 'active'`;
  for (
    let { rows } = await queued.execute(db);
    rows[0]?.name !== DEAD_LETTERS;
    { rows } = await queued.execute(db)
  ) {
    const [entry] = await boss.fetch<Slice>('interactive');
    await boss.fail('interactive', entry!, failure);
    await sql`update ${sql.id(QUEUE_SCHEMA)}.job set start_after = now() where state < 'active'`.execute(db);
  }
}

test('a slice that keeps failing fails its pages, unless the database is at fault', async () => {
  await using service = await startTestService({ ROLES: 'web' });
  await using site = await startSite({ '/': page('Here', 'text') });
  const queue = async () => await service.api.queue('/v1/scrape/async', { url: site.url('/') });
  const poison = await queue();
  await failForGood(service, null);
  const pool = new WorkerPool(service.context);
  await pool.start();
  assert.equal((await service.api.finished(poison)).result.error.code, 'internal_error');
  await pool.stop(0, 1000);

  const innocent = await queue();
  await failForGood(service, { of_database: true });
  const next = new WorkerPool(service.context);
  await next.start();
  assert.equal((await service.api.finished(innocent)).result.status, 'ok');
  await next.stop(0, 1000);
});
