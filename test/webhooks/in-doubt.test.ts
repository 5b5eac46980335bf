import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { createSecretBox } from '../../src/accounts/secrets.ts';
import { InDoubtError } from '../../src/database/connect/trouble.ts';
import type { NewDelivery } from '../../src/webhooks/outbox/append.ts';
import { WorkReader } from '../../src/workers/queue/open-work.ts';
import { startReceiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { deliverTo, WITHOUT_WORKERS } from './own-deliveries.ts';

/**
 * On several database machines a delivery or a slice may show before the rows of its job do, which
 * were committed in the same transaction.
 */
let service: TestService;
before(async () => {
  service = await startTestService(WITHOUT_WORKERS);
});
after(async () => await service[Symbol.asyncDispose]());

const FRAGMENT = '{"url":"https://example.com/"}';

async function openJob(): Promise<string> {
  return await service.api.queue('/v1/scrape/async', { url: 'https://example.com/' });
}

/** What the transaction that ended the job has committed. */
async function showEnd(id: string): Promise<void> {
  await service.db.transaction().execute(async (tx) => {
    await sql`
      update pages set status = 'ok', fragment = ${FRAGMENT}, settled_at = now(), settlement = 1
      where job_id = ${id}`.execute(tx);
    await sql`
      update jobs set status = 'completed', remaining = 0, succeeded = 1, finished_at = now()
      where id = ${id}`.execute(tx);
  });
}

const carrying: [string, Partial<NewDelivery>][] = [
  ['a whole job', { event: 'job.completed', whole_job: true }],
  ['a page', { event: 'job.page', page_ordinals: [0] }],
  ['pages that share a delivery', { event: 'job.pages', page_ordinals: [0] }],
];

for (const [what, content] of carrying)
  test(`a delivery that carries ${what} is sent when its pages show, and not before`, async () => {
    await using receiver = await startReceiver();
    const job_id = await openJob();
    const [id] = await deliverTo(service, [receiver.url()], { job_id, head: '[', tail: ']', ...content });
    await eventually(() =>
      service.logs.some(
        (line) => line.delivery_id === id && line.msg === 'failed to read a body, will try again',
      ),
    );
    assert.equal(receiver.callbacks.length, 0);
    await showEnd(job_id);
    const [callback] = await receiver.received(1);
    const page = content.event === 'job.pages' ? `{"page_index":0,"page":${FRAGMENT}}` : FRAGMENT;
    assert.equal(callback!.body.toString(), `[${page}]`);
    const { attempt_log } = (await service.api('GET', `/v1/deliveries/${id}`)).json;
    assert.equal(attempt_log.length, 1, 'what was not sent is no attempt');
  });

test('a slice whose job does not show yet is kept, and over when the job has ended', async () => {
  const reader = new WorkReader(service.db, createSecretBox(undefined));
  const job_id = await openJob();
  const { id: account_id } = service.account;
  const slice = { account_id, job_id, ordinals: [0], request_id: null };
  const { rows } = await sql`delete from jobs where id = ${job_id} returning *`.execute(service.db);
  await assert.rejects(reader.read(slice), InDoubtError);
  await service.db
    .insertInto('jobs')
    .values(rows[0] as never)
    .execute();
  assert.equal((await reader.read(slice))?.pages.length, 1);
  await showEnd(job_id);
  assert.equal(await reader.read(slice), null);
});
