import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ROUTES } from '../../src/api/routes.ts';
import { callbacks } from '../../src/jobs/http/schemas/callbacks.ts';
import { assertDocumented } from '../support/checks/documented.ts';
import { startReceiver } from '../support/receiver.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { page, startSite } from '../support/site.ts';

let service: TestService;
before(async () => {
  service = await shareTestService();
});
after(() => service[Symbol.asyncDispose]());

function* referencesIn(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === '$ref' && typeof inner === 'string') yield inner;
    else yield* referencesIn(inner);
  }
}

test('the document is OpenAPI 3.1, whole, and served as it is', async () => {
  const { json, headers } = await service.api('GET', '/openapi.json');
  assert.match(headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(json.openapi, '3.1.0');
  for (const reference of new Set(referencesIn(json))) {
    const found = reference
      .slice(2)
      .split('/')
      .reduce((at, key) => at?.[key], json);
    assert.ok(found, reference);
  }
  const ids = ROUTES.map((route) => route.id);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(Object.keys(json.webhooks), ['job.completed', 'job.started', 'job.page', 'job.pages']);
  assert.deepEqual(json.paths['/v1/jobs/{job_id}'].get.parameters[0].name, 'job_id');
  const request = json.paths['/v1/scrape'].post.requestBody.content['application/json'].schema;
  assert.deepEqual(request.required, ['url']);
  assert.equal(request.properties.timeout_ms.maximum, 25_000);
  assert.ok(json.components.schemas.Page.required.includes('error'));
  for (const operations of Object.values<Record<string, { description?: string }>>(json.paths))
    for (const [method, { description }] of Object.entries(operations))
      assert.ok(description, `${method} is described`);
  for (const tag of json.tags) assert.ok(tag.description, tag.name);
  assert.equal(
    json.paths['/v1/jobs'].get.parameters.find((p: { name: string }) => p.name === 'limit').schema.maximum,
    100,
  );
});

test('every route of the document is one of the service, and the examples are accepted', async () => {
  for (const { method, path, body, example } of ROUTES) {
    const real = path.replace(/\{\w+\}/g, 'none');
    if (path !== '/metrics' && !path.endsWith('/events')) {
      const { status, text } = await service.api(
        method.toUpperCase(),
        real,
        method === 'post' ? '{"no_such_field":1}' : undefined,
      );
      assert.ok(status !== 404 || /no such/.test(text), `${method} ${path}: ${text}`);
      assert.notEqual(status, 405, path);
    }
    if (body && example !== undefined) assert.deepEqual(body.safeParse(example).error, undefined, path);
  }
});

test('callbacks are as the document says', async () => {
  await using receiver = await startReceiver();
  await using site = await startSite({ '/': page('Home', 'Hello.') });
  const body = {
    urls: [site.url('/'), 'http://127.0.0.1:1/'],
    webhook_events: ['job.started', 'job.page', 'job.completed'],
    metadata: { any: ['thing'] },
  };
  await service.api.queue('/v1/scrape/batch/async', { ...body, webhook_url: receiver.url('/full') });
  await service.api.queue('/v1/scrape/batch/async', {
    ...body,
    webhook_url: receiver.url('/summary'),
    webhook_payload: 'summary',
  });
  await service.api.queue('/v1/scrape/async', { url: site.url('/'), webhook_url: receiver.url('/single') });
  await service.api('POST', '/v1/me/webhooks/test', { webhook_url: receiver.url('/test') });
  const all = [
    ...(await receiver.received(4, '/full')),
    ...(await receiver.received(4, '/summary')),
    ...(await receiver.received(1, '/single')),
    ...(await receiver.received(1, '/test')),
  ];
  for (const callback of all) {
    const value = JSON.parse(callback.body.toString());
    const schema = callbacks[(value.event ?? 'job.completed') as keyof typeof callbacks];
    assert.deepEqual(schema.safeParse(value).error, undefined, callback.body.toString());
  }
});

test('an answer that the document does not promise is found out', () => {
  const lies = [
    answer(200, { status: 'queued' }),
    answer(200, { status: 'fine' }),
    answer(200, { status: 'ok', more: 1 }),
    answer(201, { status: 'ok' }),
    answer(200, { status: 'ok' }, 'text/html'),
    answer(
      404,
      { type: '', title: '', status: 404, detail: '', code: 'not_found', request_id: '' },
      'application/problem+json',
    ),
  ];
  for (const [response, text] of lies)
    assert.throws(
      () => assertDocumented('GET', '/healthz', response, text),
      /the document|as the document says/,
      text,
    );
  assertDocumented('GET', '/healthz', ...answer(200, { status: 'ok' }));
});

function answer(status: number, value: unknown, type = 'application/json') {
  return [new Response(null, { status, headers: { 'content-type': type } }), JSON.stringify(value)] as const;
}
