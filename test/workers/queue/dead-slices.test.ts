import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { DEAD_LETTERS, QUEUE_SCHEMA, type Slice, type SliceFailure } from '../../../src/database/queue.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { page, startSite } from '../../support/site.ts';
import { startPool } from '../../support/worker-pool.ts';

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
  const readBy = async (job: string) => {
    await using _ = await startPool(service.context);
    return (await service.api.finished(job)).result;
  };
  const poison = await queue();
  await failForGood(service, null);
  assert.equal((await readBy(poison)).error.code, 'internal_error');

  const innocent = await queue();
  await failForGood(service, { of_database: true });
  assert.equal((await readBy(innocent)).status, 'ok');
});
