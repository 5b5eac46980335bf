import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createKey, revokeKey } from '../../src/accounts/keys/keys.ts';
import { createApi, type Answer } from '../support/api.ts';
import { startTestService, type TestService } from '../support/service.ts';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service[Symbol.asyncDispose]());

function assertProblem(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
  const { json } = answer;
  assert.equal(json.status, status);
  assert.equal(json.code, code);
  assert.equal(json.type, `/docs/errors/${code}`);
  assert.ok(json.title.length > 0);
  assert.ok(json.detail.length > 0);
  assert.equal(json.request_id, answer.headers.get('x-request-id'));
}

test('no key, a wrong key, a revoked key and another scheme are the same 401', async () => {
  const { id, key } = await createKey(service.db, service.account.id, 'short-lived');
  const revoked = createApi(service.api.origin, key);
  assert.equal((await revoked('GET', '/v1/me')).status, 200);
  assert.equal(await revokeKey(service.db, service.account.id, id), true);
  const nobody = createApi(service.api.origin, null);
  const answers = [
    await nobody('GET', '/v1/me'),
    await nobody('GET', '/v1/me', undefined, { authorization: 'Bearer ok_wrong_key_wrong_key' }),
    await nobody('GET', '/v1/me', undefined, {
      authorization: `Basic ${btoa(`user:${service.account.key}`)}`,
    }),
    await nobody('GET', '/v1/me', undefined, { authorization: service.account.key }),
    await nobody('GET', '/v1/me', undefined, { authorization: `Bearer ${key.slice(0, -1)}` }),
    await revoked('GET', '/v1/me'),
  ];
  for (const answer of answers) {
    assertProblem(answer, 401, 'unauthorized');
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
  }
  const bodies = answers.map((a) => JSON.stringify({ ...a.json, request_id: '' }));
  assert.equal(new Set(bodies).size, 1);
});

test('the key is asked for before anything else is said about a path', async () => {
  const nobody = createApi(service.api.origin, null);
  assertProblem(await nobody('GET', '/v1/no-such-thing'), 401, 'unauthorized');
  assertProblem(await nobody('POST', '/v1/scrape', '{broken'), 401, 'unauthorized');
  assertProblem(await service.api('GET', '/v1/no-such-thing'), 404, 'not_found');
});

test('what is not JSON in UTF-8 is a 400', async () => {
  assertProblem(
    await service.api('POST', '/v1/scrape', '{"url": "https://example.com"'),
    400,
    'invalid_json',
  );
  assertProblem(
    await service.api('POST', '/v1/scrape', Buffer.from([0x22, 0xc3, 0x28, 0x22])),
    400,
    'invalid_json',
  );
  assertProblem(await service.api('POST', '/v1/crawl', 'url=https%3A%2F%2Fexample.com'), 400, 'invalid_json');
});

test('a body that is too large is a 413, also when it is small on the wire', async () => {
  const large = JSON.stringify({ url: `https://example.com/${'x'.repeat(1_100_000)}` });
  assertProblem(await service.api('POST', '/v1/scrape', large), 413, 'body_too_large');
  const packed = await service.api('POST', '/v1/scrape', gzipSync(large), { 'content-encoding': 'gzip' });
  assertProblem(packed, 413, 'body_too_large');
});

test('an encoding that is not known is a 415, a broken one a 400', async () => {
  const body = '{"url":"https://example.com"}';
  assertProblem(
    await service.api('POST', '/v1/scrape', body, { 'content-encoding': 'rot13' }),
    415,
    'unsupported_encoding',
  );
  assertProblem(
    await service.api('POST', '/v1/scrape', body, { 'content-encoding': 'gzip' }),
    400,
    'bad_request',
  );
});

/** Method and path, body, and the field that the answer must name. */
const INVALID: [string, unknown, string][] = [
  ['/v1/scrape', undefined, 'url'],
  ['/v1/scrape', {}, 'url'],
  ['/v1/scrape', [], '(body)'],
  ['/v1/scrape', 'null', '(body)'],
  ['/v1/scrape', { url: 7 }, 'url'],
  ['/v1/scrape', { url: 'example.com' }, 'url'],
  ['/v1/scrape', { url: 'ftp://example.com/' }, 'url'],
  ['/v1/scrape', { url: 'https://user:secret@example.com/' }, 'url'],
  ['/v1/scrape', { url: 'https://example.com/', no_such_field: 1 }, 'no_such_field'],
  ['/v1/scrape', { url: 'https://example.com/', format: 'pdf' }, 'format'],
  ['/v1/scrape', { url: 'https://example.com/', format: 'text', formats: ['html'] }, 'formats'],
  ['/v1/scrape', { url: 'https://example.com/', formats: [] }, 'formats'],
  ['/v1/scrape', { url: 'https://example.com/', formats: ['html', 'doc'] }, 'formats[1]'],
  ['/v1/scrape', { url: 'https://example.com/', timeout_ms: 25_001 }, 'timeout_ms'],
  ['/v1/scrape', { url: 'https://example.com/', timeout_ms: '1000' }, 'timeout_ms'],
  ['/v1/scrape', { url: 'https://example.com/', include_selectors: ['p['] }, 'include_selectors[0]'],
  ['/v1/scrape', { url: 'https://example.com/', headers: { Host: 'other' } }, 'headers.Host'],
  ['/v1/scrape', { url: 'https://example.com/', headers: { 'X-A': 'a\r\nX-B: b' } }, 'headers.X-A'],
  ['/v1/scrape', { url: 'https://example.com/', webhook_url: 'https://example.com/hook' }, 'webhook_url'],
  ['/v1/scrape', { url: 'https://example.com/\0' }, 'url'],
  ['/v1/scrape', '{"url": "https://example.com/", "headers": {"a": "\\ud800"}}', 'headers.a'],
  ['/v1/scrape', '{"url": "https://example.com/", "__proto__": {"timeout_ms": 1}}', '(body)'],
  ['/v1/scrape/batch', { urls: [] }, 'urls'],
  ['/v1/scrape/batch', { urls: Array(101).fill('https://example.com/') }, 'urls'],
  ['/v1/scrape/batch', { urls: ['https://example.com/', 'nonsense'] }, 'urls[1]'],
  ['/v1/scrape/batch/async', { urls: 'https://example.com/' }, 'urls'],
  ['/v1/scrape/async', { url: 'https://example.com/', timeout_ms: 120_001 }, 'timeout_ms'],
  ['/v1/scrape/async', { url: 'https://example.com/', metadata: { note: 'x'.repeat(17_000) } }, 'metadata'],
  ['/v1/scrape/async', { url: 'https://example.com/', webhook_payload: 'some' }, 'webhook_payload'],
  ['/v1/crawl', { url: 'https://example.com/', max_pages: 0 }, 'max_pages'],
  ['/v1/crawl', { url: 'https://example.com/', max_pages: 100_001 }, 'max_pages'],
  ['/v1/crawl', { url: 'https://example.com/', sitemap: 'maybe' }, 'sitemap'],
  ['/v1/me/webhook-secret/rotate', { overlap_seconds: -1 }, 'overlap_seconds'],
  ['/v1/me/webhooks/test', {}, 'webhook_url'],
  ['/v1/deliveries/recover', {}, 'since'],
  ['/v1/deliveries/recover', { since: 'yesterday' }, 'since'],
];

for (const [path, body, field] of INVALID) {
  const shown = JSON.stringify(body)?.slice(0, 70) ?? 'no body';
  test(`POST ${path} with ${shown} is a 422 that names ${field}`, async () => {
    const answer = await service.api('POST', path, body);
    assertProblem(answer, 422, 'validation_failed');
    assert.deepEqual(
      answer.json.errors.map((e: { path: string }) => e.path),
      [field],
    );
    assert.ok(answer.json.detail.startsWith(`${field}: `), answer.json.detail);
  });
}

for (const query of [
  '/v1/jobs?limit=0',
  '/v1/jobs?limit=101',
  '/v1/jobs?limit=ten',
  '/v1/jobs?status=done',
  '/v1/jobs?cursor=bm9uc2Vuc2U',
  '/v1/jobs?unknown=1',
  '/v1/deliveries?status=lost',
  '/v1/deliveries?since=tomorrow',
  '/v1/me/usage?from=2026-13-01',
  '/v1/me/usage?from=2026-02-01&to=2026-01-01',
]) {
  test(`GET ${query} is a 422`, async () => {
    const answer = await service.api('GET', query);
    assertProblem(answer, 422, 'validation_failed');
    assert.equal(answer.json.errors.length, 1);
  });
}

test('deep nesting in metadata is refused, and costs no time', async () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const answer = await service.api(
    'POST',
    '/v1/scrape/async',
    `{"url":"https://example.com/","metadata":${deep}}`,
  );
  assertProblem(answer, 422, 'validation_failed');
});

test('a refused request leaves nothing behind', async () => {
  assert.equal((await service.api('POST', '/v1/scrape/async', { url: 'nonsense' })).status, 422);
  assert.equal((await service.api('GET', '/v1/jobs')).json.data.length, 0);
  assert.equal((await service.api('GET', '/v1/me')).json.credits, 1_000_000);
});

test('every answer carries X-Request-Id: the own one of a client where it is sane', async () => {
  const given = await service.api('GET', '/v1/me', undefined, { 'x-request-id': 'my-request.42_a' });
  assert.equal(given.headers.get('x-request-id'), 'my-request.42_a');
  for (const insane of ['with space', 'x'.repeat(65), 'sneaky"quote']) {
    const answer = await service.api('GET', '/v1/me', undefined, { 'x-request-id': insane });
    assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
  }
  assert.match((await service.api('GET', '/healthz')).headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
});

test('what an answer says about a failure names nothing inside', async () => {
  const pool = service.context.db;
  await pool.schema.alterTable('accounts').renameTo('accounts_gone').execute();
  try {
    const answer = await service.api('GET', '/v1/me');
    assertProblem(answer, 500, 'internal_error');
    assert.doesNotMatch(answer.text, /accounts|relation|select/i);
    const logged = service.logs.find(
      (line) => line.request_id === answer.json.request_id && line.level === 50,
    );
    assert.match(JSON.stringify(logged), /accounts/);
  } finally {
    await pool.schema.alterTable('accounts_gone').renameTo('accounts').execute();
  }
});

test('headers that belong to the connection are refused, each with its reason', async () => {
  for (const name of ['Accept-Encoding', 'HTTP2-Settings', 'Host', 'Content-Encoding', 'connection']) {
    const body = { url: 'https://example.com', headers: { [name]: 'x' } };
    const refused = await service.api('POST', '/v1/scrape', body);
    assertProblem(refused, 422, 'validation_failed');
    const [error] = refused.json.errors;
    assert.equal(error.path, `headers.${name}`);
    assert.match(error.message, /^(?:belongs to|is set by|names|says|is) /);
  }
});

test('a job that the account cannot pay says how many credits are needed and left', async () => {
  const poor = await service.createAccount({ credits: 3 });
  const urls = Array.from({ length: 5 }, () => 'https://example.com/');
  const refused = await poor.api('POST', '/v1/scrape/batch/async', { urls });
  assertProblem(refused, 402, 'out_of_credits');
  assert.match(refused.json.detail, /5 credits.* 3 left/);
});

test('times and URLs are read as people write them', async () => {
  assert.equal((await service.api('GET', '/v1/deliveries?since=2026-01-31t12:00:00z')).status, 200);
  assert.equal((await service.api('GET', '/v1/deliveries?since=2026-01-31')).status, 422);
  const spaced = { url: 'https://example.com/', webhook_url: '  https://93.184.215.14/hook \n' };
  const { json, status } = await service.api('POST', '/v1/scrape/async', spaced);
  assert.equal(status, 202);
  assert.equal(
    (await service.api('GET', `/v1/jobs/${json.job_id}`)).json.webhook_url,
    spaced.webhook_url.trim(),
  );
});

test('JSON ends with a newline', async () => {
  for (const path of ['/healthz', '/openapi.json', '/v1/me', '/v1/jobs', '/v1/nothing'])
    assert.match((await service.api('GET', path)).text, /[}]\n$/, path);
});
