import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { createAccount, rotateWebhookSecret } from '../../src/accounts/accounts.ts';
import { createSecretBox } from '../../src/accounts/secrets.ts';
import { claim } from '../../src/webhooks/outbox/claim.ts';
import { LAST_LANE, URGENT_LANE } from '../../src/webhooks/outbox/lanes.ts';
import { append, endpointOf } from '../../src/webhooks/outbox/append.ts';
import { createSigner } from '../../src/webhooks/send/sign.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const HOOK = 'https://receiver.example/hook';
const box = createSecretBox('a key to seal secrets with');

let database: TestDatabase;
before(async () => void (database = await createTestDatabase()));
after(async () => await database[Symbol.asyncDispose]());

type Step = { rotate: number } | { pass: number } | 'send';
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ rotate: fc.constantFrom(0, 0, 60, 3600) }),
  fc.record({ pass: fc.integer({ min: 1, max: 4000 }) }),
  fc.constant('send' as const),
);

test('after any rotations the current secret signs first, then overlapping ones, newest first', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { db } = database;
      const { id } = await createAccount(db, box, { name: 'rotating', credits: 0 });
      const first = await db
        .selectFrom('accounts')
        .select('webhook_secret')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      let current = box.open(first.webhook_secret, id);
      let previous: { secret: string; seconds: number }[] = [];
      for (const what of [...steps, 'send' as const]) {
        if (what === 'send') {
          assert.deepEqual(await signedBy(id), [current, ...previous.map(({ secret }) => secret)]);
        } else if ('rotate' in what) {
          if (what.rotate > 0 && previous.length === 8) {
            await assert.rejects(rotateWebhookSecret(db, box, id, what.rotate), { code: 'too_many_secrets' });
            continue;
          }
          const { webhook_secret } = await rotateWebhookSecret(db, box, id, what.rotate);
          previous = what.rotate > 0 ? [{ secret: current, seconds: what.rotate }, ...previous] : [];
          current = webhook_secret;
        } else {
          await letPass(id, what.pass);
          previous = previous
            .map(({ secret, seconds }) => ({ secret, seconds: seconds - what.pass }))
            .filter(({ seconds }) => seconds > 0);
        }
      }
    }),
    { numRuns: 25 },
  );
});

/** The clock is the database's: instead of it, the ends of the overlaps move. */
async function letPass(id: string, seconds: number): Promise<void> {
  await sql`update accounts set previous_secrets_until =
    array(select until - ${seconds} * interval '1 s' from unnest(previous_secrets_until) as u (until))
    where id = ${id}`.execute(database.db);
}

const sign = (secret: string) => createHmac('sha256', secret).update('1700000000.{}').digest('hex');

/**
 * Claims a delivery as the dispatcher does, and returns the secrets that its signatures stand for,
 * in their order.
 */
async function signedBy(account_id: string): Promise<string[]> {
  const { db } = database;
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
    trigger: 'test',
  } as const;
  await db.transaction().execute(async (tx) => await append(tx, [delivery]));
  const [claimed] = await claim(
    db,
    [
      {
        account_id,
        endpoint: endpointOf(HOOK),
        first_lane: URGENT_LANE,
        last_lane: LAST_LANE,
        count: 1,
        lane_limits: {},
      },
    ],
    60_000,
  );
  assert.ok(claimed);
  const secrets = [claimed.webhook_secret, ...claimed.previous_secrets].map((stored) =>
    box.open(stored, account_id),
  );
  const signer = createSigner(secrets, claimed, 1_700_000_000);
  signer.update(Buffer.from('{}'));
  const header = signer.headers()['x-ollagraph-signature']!;
  const signatures = [...header.matchAll(/v1=([0-9a-f]{64})/g)].map((match) => match[1]);
  assert.deepEqual(signatures, secrets.map(sign));
  return secrets;
}
