import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { sql } from 'kysely';
import { readDueLanes } from '../../src/webhooks/outbox/backlog.ts';
import { claim, renew, type ClaimedDelivery } from '../../src/webhooks/outbox/claim.ts';
import { LAST_LANE, RETRY_LANE } from '../../src/webhooks/outbox/lanes.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { deliverTo } from './own-deliveries.ts';

const ENDPOINTS = ['a.example:443', 'b.example:443'];
const URLS = ['https://a.example/1', 'https://a.example/2', 'https://b.example/'];
const LEASE_MS = 60_000;

let service: TestService;
before(async () => (service = await startTestService({ ROLES: 'web' })));
after(async () => await service[Symbol.asyncDispose]());
beforeEach(async () => void (await sql`truncate outbox, attempts`.execute(service.db)));

const dueLanes = async () =>
  (await readDueLanes(service.db)).map(({ endpoint, kind }) => `${endpoint} ${kind}`).toSorted();

/** Claims from all lanes of an endpoint, the first lane first. */
async function claimFrom(endpoint: string, count: number): Promise<ClaimedDelivery[]> {
  const lanes = { first_lane: RETRY_LANE, last_lane: LAST_LANE, lane_limits: {} };
  return await claim(service.db, [{ account_id: service.account.id, endpoint, count, ...lanes }], LEASE_MS);
}

test('an endpoint has something due until its last delivery is under way, and again when a lease ends', async () => {
  await deliverTo(service, URLS);
  assert.deepEqual(await dueLanes(), ['a.example:443 fresh', 'b.example:443 fresh']);
  const [first] = await claimFrom(ENDPOINTS[0]!, 1);
  await claimFrom(ENDPOINTS[1]!, 1);
  assert.deepEqual(await dueLanes(), ['a.example:443 fresh'], 'the other URL still waits');
  await claimFrom(ENDPOINTS[0]!, 1);
  assert.deepEqual(await dueLanes(), []);
  await sql`update outbox set leased_until = now() where id = ${first!.id}`.execute(service.db);
  assert.deepEqual(await dueLanes(), ['a.example:443 fresh']);
});

test('while the first retry is under way, the time of the next one is known', async () => {
  await deliverTo(service, [URLS[0]!, URLS[0]!]);
  await sql`update outbox set schedule_step = 1`.execute(service.db);
  const [under_way] = await claimFrom(ENDPOINTS[0]!, 1);
  await sql`update outbox set next_attempt_at = now() + interval '1 hour'
    where id <> ${under_way!.id}`.execute(service.db);
  const lanes = await readDueLanes(service.db);
  assert.deepEqual(
    lanes.map(({ kind }) => kind),
    ['retries'],
  );
  const minutes = lanes[0]!.due_in_ms / 60_000;
  assert.ok(minutes > 50 && minutes <= 60, `due in ${minutes} minutes`);
});

test('leases are renewed without waiting for a transaction that has one of their rows', async () => {
  await deliverTo(service, [URLS[0]!, URLS[0]!]);
  const claimed = await claimFrom(ENDPOINTS[0]!, 2);
  const [free, locked] = claimed;
  await service.db.transaction().execute(async (tx) => {
    await sql`update outbox set status = 'waiting' where id = ${locked!.id}`.execute(tx);
    // One that waits would have the first row meanwhile, and this transaction may want it next.
    assert.deepEqual([...(await renew(service.db, claimed, LEASE_MS))], [[free!.id, free!.fence]]);
  });
});
