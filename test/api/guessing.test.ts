import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKey } from '../../src/accounts/keys/keys.ts';
import { createApi } from '../support/api.ts';
import { startTestService } from '../support/service.ts';

const ADMIN_TOKEN = 'an operator token of some length';
const WRONG = 100;

test('an address that sends wrong keys has to wait, and keys that worked from it do not', async () => {
  await using service = await startTestService({ ROLES: 'web', ADMIN_TOKEN });
  assert.equal((await service.api('GET', '/v1/me')).status, 200);
  const fresh = await createKey(service.db, service.account.id, 'fresh');
  const metrics = (token: string) =>
    fetch(`${service.api.origin}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  for (let n = 0; n < WRONG; n++) {
    // Half of them guess ADMIN_TOKEN. What the client says of its address changes nothing.
    const headers = { 'x-forwarded-for': `192.0.2.${n}` };
    if (n % 2 === 0)
      assert.equal((await metrics(`wrong ${n}`.padEnd(20, 'x').replace(' ', '-'))).status, 401);
    else
      assert.equal(
        (await createApi(service.api.origin, `ok_wrong_${n}`)('GET', '/v1/me', undefined, headers)).status,
        401,
      );
  }
  const guess = await createApi(service.api.origin, 'ok_wrong_once_more')('GET', '/v1/me');
  assert.equal(guess.status, 429);
  assert.ok(Number(guess.headers.get('retry-after')) >= 1);
  assert.equal((await createApi(service.api.origin, fresh.key)('GET', '/v1/me')).status, 429);
  assert.equal((await metrics('another-wrong-token')).status, 429);
  assert.equal((await service.api('GET', '/v1/me')).status, 200);
  const nobody = await createApi(service.api.origin, null)('GET', '/v1/me');
  assert.equal(nobody.status, 401, 'no key is no guess');
});

test('behind a trusted proxy each client has its own attempts', async () => {
  await using service = await startTestService({ ROLES: 'web', TRUST_PROXY: 'loopback' });
  const guess = async (address: string) => {
    const api = createApi(service.api.origin, 'ok_a_wrong_key');
    return (await api('GET', '/v1/me', undefined, { 'x-forwarded-for': `203.0.113.1, ${address}` })).status;
  };
  for (let n = 0; n < WRONG; n++) assert.equal(await guess('192.0.2.1'), 401);
  assert.equal(await guess('192.0.2.1'), 429);
  assert.equal(await guess('192.0.2.2'), 401);
});
