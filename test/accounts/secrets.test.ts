import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAccount, readAccount, rotateWebhookSecret } from '../../src/accounts/accounts.ts';
import { resealSecrets } from '../../src/accounts/reseal.ts';
import { createSecretBox, openJson, sealJson } from '../../src/accounts/secrets.ts';
import { appendTest } from '../../src/webhooks/outbox/test-delivery.ts';
import { createTestDatabase } from '../support/database.ts';

const OLD = 'an old secret key';
const NEW = 'a new secret key!';

test('a sealed secret opens for its account and key alone', () => {
  const box = createSecretBox(OLD);
  const sealed = box.seal('whsec_abc', 'acct_1');
  assert.ok(!sealed.includes('whsec_abc'));
  assert.equal(box.open(sealed, 'acct_1'), 'whsec_abc');
  assert.throws(() => box.open(sealed, 'acct_2'));
  assert.throws(() => createSecretBox(NEW).open(sealed, 'acct_1'));
  assert.throws(() => createSecretBox(undefined).open(sealed, 'acct_1'));
  assert.throws(() => box.open(`${sealed.slice(0, -2)}AA`, 'acct_1'));
  assert.equal(createSecretBox(NEW, OLD).open(sealed, 'acct_1'), 'whsec_abc');
});

test('what was stored before there was a SECRET_KEY still opens, and is sealed by reseal', async () => {
  await using database = await createTestDatabase();
  const { db } = database;
  const plain = createSecretBox(undefined);
  const { id } = await createAccount(db, plain, { name: 'a', credits: 1 });
  await rotateWebhookSecret(db, plain, id, 3600);
  const headers = { authorization: 'Bearer of a receiver' };
  const delivery = {
    account_id: id,
    webhook_url: 'https://receiver.test/',
    headers: sealJson(plain, headers, id),
  };
  await appendTest({ db, dispatch: null }, delivery);
  const storedHeaders = async () =>
    (await db.selectFrom('outbox').select('headers').executeTakeFirstOrThrow()).headers;
  const before = await readAccount(db, plain, id);
  const stored = async () =>
    await db.selectFrom('accounts').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  assert.equal((await stored()).webhook_secret, before.webhook_secret);
  const previous = (await stored()).previous_secrets[0]!;

  assert.equal(await resealSecrets(db, createSecretBox(OLD)), 1);
  assert.ok((await stored()).webhook_secret.startsWith('aes:'));
  assert.equal((await readAccount(db, createSecretBox(OLD), id)).webhook_secret, before.webhook_secret);

  assert.match((await storedHeaders())!, /^aes:/);

  await resealSecrets(db, createSecretBox(NEW, OLD));
  assert.deepEqual(openJson(createSecretBox(NEW), await storedHeaders(), id), headers);
  const row = await stored();
  assert.equal(createSecretBox(NEW).open(row.webhook_secret, id), before.webhook_secret);
  assert.equal(createSecretBox(NEW).open(row.previous_secrets[0]!, id), previous);
  assert.throws(() => createSecretBox(OLD).open(row.webhook_secret, id));
});
