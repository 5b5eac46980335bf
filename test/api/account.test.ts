import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestService, type TestService } from '../support/service.ts';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service[Symbol.asyncDispose]());

test('an account reads what it has and the secret that its webhooks are signed with', async () => {
  const { status, json, headers } = await service.api('GET', '/v1/me');
  assert.equal(status, 200);
  assert.equal(json.account_id, service.account.id);
  assert.equal(json.credits, 1_000_000);
  assert.match(json.webhook_secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.equal(headers.get('cache-control'), 'no-store');
});
