import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { createAccount } from '../../src/accounts/accounts.ts';
import { createSecretBox } from '../../src/accounts/secrets.ts';
import { append, endpointOf } from '../../src/webhooks/outbox/append.ts';
import { claim, renew, type ClaimedDelivery } from '../../src/webhooks/outbox/claim.ts';
import { redeliver } from '../../src/webhooks/outbox/control.ts';
import { LAST_LANE, URGENT_LANE } from '../../src/webhooks/outbox/lanes.ts';
import { record } from '../../src/webhooks/outbox/record.ts';
import type { AttemptResult, Outcome } from '../../src/webhooks/outbox/finished-attempt.ts';
import { release } from '../../src/webhooks/outbox/release.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const HOOK = 'https://receiver.example/hook';
const LEASE_MS = 3_600_000;
let database: TestDatabase;
let account_id: string;
before(async () => {
  database = await createTestDatabase();
  const box = createSecretBox(undefined);
  account_id = (await createAccount(database.db, box, { name: 'model', credits: 0 })).id;
});
after(async () => await database[Symbol.asyncDispose]());

/**
 * What two dispatchers may do to one delivery, in any order: each holds what it claimed last,
 * however old that is.
 */
type Step =
  | { claim: 0 | 1 }
  | { release: 0 | 1 }
  | { renew: 0 | 1 }
  | { record: 0 | 1; outcome: 'delivered' | 'exhausted' | 'retry' }
  | 'lease ends'
  | 'redeliver';
const dispatcher = fc.constantFrom<0 | 1>(0, 1);
const outcome = fc.constantFrom<'delivered' | 'exhausted' | 'retry'>('delivered', 'exhausted', 'retry');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ claim: dispatcher }) },
  { weight: 2, arbitrary: fc.record({ release: dispatcher }) },
  { weight: 1, arbitrary: fc.record({ renew: dispatcher }) },
  { weight: 3, arbitrary: fc.record({ record: dispatcher, outcome }) },
  { weight: 2, arbitrary: fc.constant('lease ends' as const) },
  { weight: 2, arbitrary: fc.constant('redeliver' as const) },
);

/** The delivery as it ought to be. `holder`: the claim whose fence is the current one. */
interface Model {
  status: 'waiting' | 'sending' | 'delivered' | 'exhausted';
  attempts: number;
  leased: boolean;
  holder: ClaimedDelivery | null;
}

test('with two dispatchers only the latest claim changes a delivery; numbers have no gaps', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const id = await appendOne();
      const model: Model = { status: 'waiting', attempts: 0, leased: false, holder: null };
      const held: (ClaimedDelivery | null)[] = [null, null];
      for (const what of steps) {
        await act(id, what, model, held);
        assert.deepEqual(await stored(id), { status: model.status, attempts: model.attempts });
      }
      const over = model.attempts - (model.status === 'sending' ? 1 : 0);
      assert.deepEqual(
        await attemptNumbers(id),
        Array.from({ length: over }, (_, n) => n + 1),
      );
    }),
    { numRuns: 60 },
  );
});

async function act(id: string, what: Step, model: Model, held: (ClaimedDelivery | null)[]): Promise<void> {
  const { db } = database;
  const isOpen = model.status === 'waiting' || model.status === 'sending';
  if (what === 'lease ends') {
    await sql`update outbox set leased_until = now() - interval '1 s' where id = ${id}`.execute(db);
    model.leased = false;
  } else if (what === 'redeliver') {
    await redeliver({ db, dispatch: null }, account_id, id);
    if (model.status !== 'sending') model.status = 'waiting';
  } else if ('claim' in what) {
    const claimed = await claimOne();
    assert.equal(claimed !== null, isOpen && !model.leased);
    if (!claimed) return;
    held[what.claim] = claimed;
    Object.assign(model, { status: 'sending', attempts: model.attempts + 1, leased: true, holder: claimed });
    assert.equal(claimed.attempts, model.attempts);
  } else if ('release' in what) {
    const delivery = held[what.release];
    if (!delivery) return;
    await release(db, [{ delivery, deferMs: 0 }]);
    held[what.release] = null;
    if (model.holder !== delivery || model.status !== 'sending') return;
    Object.assign(model, { status: 'waiting', attempts: model.attempts - 1, leased: false, holder: null });
  } else if ('renew' in what) {
    const delivery = held[what.renew];
    if (!delivery) return;
    const holds = model.holder === delivery && model.status === 'sending';
    const fences = await renew(db, [delivery], LEASE_MS);
    assert.equal(fences.get(id), holds ? delivery.fence : undefined);
    if (holds) model.leased = true;
  } else {
    const delivery = held[what.record];
    if (!delivery) return;
    const to: Outcome = what.outcome === 'retry' ? { status: 'retry', delay: 0 } : { status: what.outcome };
    await record(db, [{ delivery, result: resultOf(what.outcome), outcome: to }]);
    held[what.record] = null;
    if (model.holder !== delivery || model.status !== 'sending') return;
    Object.assign(model, {
      status: what.outcome === 'retry' ? 'waiting' : what.outcome,
      leased: false,
      holder: null,
    });
  }
}

async function appendOne(): Promise<string> {
  const delivery = {
    account_id,
    job_id: null,
    event: 'test',
    webhook_url: HOOK,
    headers: null,
    webhook_id: null,
    head: '{}',
    tail: '',
    whole_job: false,
    page_ordinals: null,
    trigger: 'schedule',
  } as const;
  await sql`delete from outbox`.execute(database.db);
  const [id] = await database.db.transaction().execute(async (tx) => await append(tx, [delivery]));
  return id!;
}

async function claimOne(): Promise<ClaimedDelivery | null> {
  const lanes = { first_lane: URGENT_LANE, last_lane: LAST_LANE, count: 1, lane_limits: {} };
  const [claimed] = await claim(
    database.db,
    [{ account_id, endpoint: endpointOf(HOOK), ...lanes }],
    LEASE_MS,
  );
  return claimed ?? null;
}

async function stored(id: string): Promise<object> {
  const { rows } = await sql<object>`
    select status, attempts from outbox where id = ${id}
    union all select status, attempts from deliveries where id = ${id}`.execute(database.db);
  assert.equal(rows.length, 1, 'it stands in one place');
  return rows[0]!;
}

async function attemptNumbers(id: string): Promise<number[]> {
  const { rows } = await sql<{
    number: number;
  }>`select number from attempts where delivery_id = ${id} order by number`.execute(database.db);
  return rows.map((row) => row.number);
}

function resultOf(how: 'delivered' | 'exhausted' | 'retry'): AttemptResult {
  const accepted = how === 'delivered';
  return {
    status_code: accepted ? 200 : 500,
    error: accepted ? null : 'http_error',
    error_detail: null,
    dns_ms: null,
    connect_ms: null,
    tls_ms: null,
    first_byte_ms: 1,
    duration_ms: 1,
    bytes_sent: 2,
    response_body: '',
    remote_address: '203.0.113.7',
    retry_after: null,
    waited_ms: 1,
    body_bytes: 2,
    body_sha256: '00'.repeat(32),
  };
}
