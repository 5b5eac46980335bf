import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Recorder } from '../../../src/webhooks/dispatch/recorder.ts';
import type { ClaimedDelivery } from '../../../src/webhooks/outbox/claim.ts';
import { FIRST_URL_LANE, URGENT_LANE } from '../../../src/webhooks/outbox/lanes.ts';
import type { FinishedAttempt } from '../../../src/webhooks/outbox/finished-attempt.ts';
import { startTestService } from '../../support/service.ts';
import { newId } from '../../../src/ids.ts';
import { eventually } from '../../support/wait.ts';

/** From one result to the next. */
const STREAM_MS = 5;

test('the results of a slow stream are recorded together, and the first of them at once', async () => {
  await using service = await startTestService({ ROLES: 'web' });
  const { db, log } = service.context;
  const batches: string[][] = [];
  const recorder = new Recorder({
    db,
    log,
    expectsMore: () => false,
    recorded: (batch) => void batches.push(batch.map(({ delivery }) => names.get(delivery.id)!)),
  });
  const names = new Map<string, string>();
  const add = (name: string, lane = FIRST_URL_LANE) => {
    const id = newId('dlv');
    names.set(id, name);
    recorder.add(attempt(service.account.id, id, lane));
  };
  const stream = Array.from({ length: 40 }, (_, n) => `result ${n}`);
  const begun = performance.now();
  for (const name of stream) {
    add(name);
    await sleep(STREAM_MS);
  }
  await eventually(() => batches.flat().length === stream.length);
  // One at the beginning, then one for each tenth of a second that has passed, however long it
  // took.
  const most = 2 + (performance.now() - begun) / 100;
  assert.ok(batches.length <= most, `${batches.length} statements of at most ${most}`);
  assert.deepEqual(batches[0], [stream[0]]);
  assert.deepEqual(batches.flat(), stream);

  add('waits');
  add('urgent', URGENT_LANE);
  await eventually(() => batches.flat().length === stream.length + 2);
  assert.deepEqual(batches.at(-1), ['waits', 'urgent']);
  assert.equal(recorder.busy, false);
});

/** A result of a delivery that the database does not know. */
function attempt(account_id: string, id: string, lane: number): FinishedAttempt {
  const webhook_url = 'https://a.example/';
  const delivery = {
    account_id,
    id,
    lane,
    attempts: 1,
    fence: 1,
    trigger: 'schedule',
    webhook_url,
    begun_ms: 0,
  };
  const result = {
    waited_ms: 1,
    duration_ms: 1,
    first_byte_ms: 1,
    dns_ms: null,
    connect_ms: null,
    tls_ms: null,
    status_code: 200,
    error: null,
    error_detail: null,
    response_body: '',
    remote_address: null,
    bytes_sent: 1,
    retry_after: null,
    body_bytes: 1,
    body_sha256: '00'.repeat(32),
  };
  const claimed = { ...delivery, endpoint: 'a.example:443' } as unknown as ClaimedDelivery;
  return { delivery: claimed, result, outcome: { status: 'delivered' } };
}
