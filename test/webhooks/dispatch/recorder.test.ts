import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Recorder } from '../../../src/webhooks/dispatch/recorder.ts';
import type { ClaimedDelivery } from '../../../src/webhooks/outbox/claim.ts';
import { FIRST_URL_LANE, URGENT_LANE } from '../../../src/webhooks/outbox/lanes.ts';
import type { FinishedAttempt } from '../../../src/webhooks/outbox/finished-attempt.ts';
import { startTestService } from '../../support/service.ts';
import { newId } from '../../../src/ids.ts';
import { eventually } from '../../support/wait.ts';

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
  add('first');
  await eventually(() => batches.length === 1);
  add('second');
  await nextTurn();
  add('third');
  await eventually(() => batches.length === 2);
  add('fourth');
  add('urgent', URGENT_LANE);
  await eventually(() => batches.length === 3);
  assert.deepEqual(batches, [['first'], ['second', 'third'], ['fourth', 'urgent']]);
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
