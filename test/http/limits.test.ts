import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRateLimiter } from '../../src/accounts/rate-limit.ts';
import { createApi } from '../support/api.ts';
import { createTestDatabase } from '../support/database.ts';
import { startTestService } from '../support/service.ts';

test('an account that has used up its minute gets a 429 with the time to come back', async () => {
  await using service = await startTestService({ ROLES: 'web', RATE_LIMIT_PER_MINUTE: '4' });
  const another = await service.createAccount();
  for (const left of [3, 2, 1, 0]) {
    const { status, headers } = await service.api('GET', '/v1/me');
    assert.equal(status, 200);
    assert.equal(headers.get('ratelimit-policy'), '"account";q=4;w=60');
    assert.match(headers.get('ratelimit') ?? '', new RegExp(`^"account";r=${left};t=\\d+$`));
  }
  for (const path of ['/v1/me', '/v1/jobs', '/v1/no-such-thing']) {
    const refused = await service.api('GET', path);
    assert.equal(refused.json.code, 'rate_limited');
    assert.match(refused.headers.get('ratelimit') ?? '', /^"account";r=0;t=\d+$/);
    const wait = Number(refused.headers.get('retry-after'));
    assert.ok(wait >= 1 && wait <= 15, `Retry-After: ${wait}`);
  }
  assert.equal((await another.api('GET', '/v1/me')).status, 200);
  assert.equal((await service.api('GET', '/healthz')).status, 200);
});

test('requests without a valid key belong to no account and count for none', async () => {
  await using service = await startTestService({ ROLES: 'web', RATE_LIMIT_PER_MINUTE: '2' });
  const wrong = createApi(service.api.origin, 'ok_wrong_key_wrong_key');
  for (let i = 0; i < 5; i++) {
    const { status, headers } = await wrong('GET', '/v1/me');
    assert.equal(status, 401);
    assert.equal(headers.get('ratelimit'), null);
  }
  assert.equal((await service.api('GET', '/v1/me')).status, 200);
});

test('a limit of 0 limits nothing and sends no headers', async () => {
  await using service = await startTestService({ ROLES: 'web', RATE_LIMIT_PER_MINUTE: '0' });
  const { status, headers } = await service.api('GET', '/v1/me');
  assert.equal(status, 200);
  assert.equal(headers.get('ratelimit'), null);
  assert.equal(headers.get('ratelimit-policy'), null);
});

test('processes that share a database share one bucket', async () => {
  await using database = await createTestDatabase();
  for (const limit of [1, 60, 600]) {
    const start = performance.now();
    const limiters = Array.from({ length: 3 }, () => createRateLimiter(database.db, limit)!);
    const asked = Array.from(
      { length: limit + 200 },
      async (_, i) => await limiters[i % 3]!.take(`acct_${limit}`),
    );
    const allowed = (await Promise.all(asked)).filter((verdict) => verdict.allowed).length;
    const refilled = Math.ceil(((performance.now() - start) / 60_000) * limit);
    // A process that has no more requests may be left with tokens of its last lease.
    const unused = limiters.length * (Math.ceil(limit / 60) - 1);
    assert.ok(
      allowed >= limit - unused && allowed <= limit + refilled,
      `${allowed} of ${limit}, ${refilled} that came back and ${unused} left over`,
    );
  }
});

test('a quiet account costs one statement for many requests', async () => {
  await using database = await createTestDatabase();
  let statements = 0;
  const db = database.db.withPlugin({
    transformQuery: ({ node }) => (statements++, node),
    transformResult: async ({ result }) => result,
  });
  const limiter = createRateLimiter(db, 600)!;
  for (let i = 0; i < 10; i++) assert.equal((await limiter.take('acct_quiet')).allowed, true);
  assert.equal(statements, 1);
});
