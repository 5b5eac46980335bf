import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService } from '../support/service.ts';

const preflight = (origin: string, from: string, path = '/v1/scrape') =>
  fetch(origin + path, {
    method: 'OPTIONS',
    headers: {
      origin: from,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,idempotency-key',
    },
  });

test('pages of other origins may not call the API unless the operator names them', async () => {
  await using closed = await startTestService({ ROLES: 'web' });
  const refused = await preflight(closed.api.origin, 'https://app.example.com');
  assert.equal(refused.headers.get('access-control-allow-origin'), null);

  await using open = await startTestService({
    ROLES: 'web',
    CORS_ORIGINS: 'https://app.example.com, https://b.example',
  });
  const allowed = await preflight(open.api.origin, 'https://app.example.com');
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://app.example.com');
  assert.match(allowed.headers.get('access-control-allow-headers') ?? '', /idempotency-key/);
  assert.equal(allowed.headers.get('access-control-allow-credentials'), null);
  const answer = await open.api('GET', '/v1/me', undefined, { origin: 'https://b.example' });
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://b.example');
  assert.match(answer.headers.get('access-control-expose-headers') ?? '', /X-Request-Id/);
  for (const path of ['/v2/scrape', '/mcp']) {
    const { status, headers } = await preflight(open.api.origin, 'https://app.example.com', path);
    assert.deepEqual([path, status], [path, 204]);
    assert.equal(headers.get('access-control-allow-origin'), 'https://app.example.com');
  }
  const other = await preflight(open.api.origin, 'https://evil.example');
  assert.equal(other.headers.get('access-control-allow-origin'), null);
  const console = await fetch(`${open.api.origin}/console/sign-in`, {
    headers: { origin: 'https://b.example' },
  });
  assert.equal(console.headers.get('access-control-allow-origin'), null);
});
