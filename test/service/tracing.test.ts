import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApi } from '../support/api.ts';
import { createTestDatabase } from '../support/database.ts';
import { testRun } from '../support/environment.ts';
import { startProcess } from '../support/process.ts';
import { startReceiver } from '../support/receiver.ts';
import { startTestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';
import type { RecordedSpan } from '../support/programs/spans-to-file.ts';

const KEY = 'ok_test_key_of_some_length';
const SDK = new URL('../support/programs/spans-to-file.ts', import.meta.url).href;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';

async function readSpans(file: string): Promise<RecordedSpan[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedSpan);
}

/** The service as three processes, each with an SDK that writes to the same file. */
async function startTracedProcesses(file: string) {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const env = {
    DATABASE_URL: database.url,
    OLLAGRAPH_API_KEY: KEY,
    ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
    WEBHOOK_RETRY_SCHEDULE: '0,0',
    SPANS_FILE: file,
  };
  const parts = ['web', 'worker', 'dispatcher'].map((role) =>
    stack.use(startProcess({ ...env, ROLES: role }, { nodeArguments: ['--import', SDK] })),
  );
  const [port] = await Promise.all(parts.map((part) => part.ready()));
  const owned = stack.move();
  return {
    api: createApi(`http://127.0.0.1:${port}`, KEY),
    pids: parts.map((part) => part.pid),
    /** Stops all three and returns their spans. */
    async stop(): Promise<RecordedSpan[]> {
      for (const part of parts) part.kill('SIGTERM');
      assert.deepEqual(await Promise.all(parts.map((part) => part.exited)), [0, 0, 0]);
      return await readSpans(file);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test('one trace leads from the request to every attempt over three processes and their threads', async () => {
  await using service = await startTracedProcesses(join(testRun().directory, 'spans.jsonl'));
  await using site = await startSite({ '/a': page('A', 'a'), '/b': page('B', 'b') });
  await using receiver = await startReceiver();
  receiver.answers = [500];
  const { api } = service;
  const body = { urls: [site.url('/a'), site.url('/b'), 'http://10.0.0.1/'], webhook_url: receiver.url() };
  const job_id = await api.queue('/v1/scrape/batch/async', body, { traceparent: `00-${TRACE}-${CALLER}-01` });
  const callbacks = await receiver.received(2);
  const spans = (await service.stop()).filter((span) => span.traceId === TRACE);

  const named = (name: string) => spans.filter((span) => span.name === name);
  const [request, ...others] = named('POST /v1/scrape/batch/async');
  const [job, ...moreJobs] = named('job');
  const pages = named('page');
  const attempts = named('attempt');
  assert.ok(request && job);
  assert.deepEqual([others.length, moreJobs.length, pages.length, attempts.length], [0, 0, 3, 2]);
  assert.equal(spans.length, 7, 'nothing else is in the trace');

  assert.equal(request.parentSpanId, CALLER);
  assert.equal(job.parentSpanId, request.spanId);
  for (const span of pages) assert.equal(span.parentSpanId, request.spanId);
  for (const span of attempts) assert.equal(span.parentSpanId, job.spanId);
  const [web, worker, dispatcher] = service.pids;
  assert.deepEqual(
    [request, job, ...pages, ...attempts].map((span) => span.pid),
    [web, worker, worker, worker, worker, dispatcher, dispatcher],
  );
  for (const span of [job, ...pages])
    assert.notEqual(span.thread, 0, 'worker threads have an SDK of their own');

  assert.equal(request.attributes['http.response.status_code'], 202);
  assert.equal(job.attributes['ollagraph.job_id'], job_id);
  assert.equal(job.attributes['ollagraph.job_status'], 'completed');
  assert.ok(
    job.ms >= Math.max(...pages.map((span) => span.ms)),
    'the job lasts from its creation to its end',
  );
  const outcomes = pages.map(
    ({ attributes, failed }) => `${String(attributes['ollagraph.page_status'])} ${failed}`,
  );
  assert.deepEqual(outcomes.toSorted(), ['failed true', 'ok false', 'ok false']);
  const sent = attempts.toSorted(
    (a, b) => Number(a.attributes['ollagraph.attempt']) - Number(b.attributes['ollagraph.attempt']),
  );
  assert.deepEqual(
    sent.map((span) => [
      span.attributes['http.response.status_code'],
      span.attributes['error.type'],
      span.failed,
    ]),
    [
      [500, 'http_error', true],
      [200, undefined, false],
    ],
  );
  assert.deepEqual(
    callbacks.map(({ headers }) => headers.traceparent),
    sent.map(({ spanId }) => `00-${TRACE}-${spanId}-01`),
    'each callback names its own attempt, and once only',
  );
  assert.equal(site.requests.length, 2);
  for (const { headers } of site.requests)
    assert.equal(headers.traceparent, undefined, 'a scraped site is told nothing');
});

test('a caller without a trace gets one; an unsampled one is passed on and not recorded', async () => {
  await using service = await startTracedProcesses(join(testRun().directory, 'more-spans.jsonl'));
  await using receiver = await startReceiver();
  const scrape = async (path: string, headers: Record<string, string>) => {
    await service.api.queue(
      '/v1/scrape/async',
      { url: 'http://10.0.0.1/', webhook_url: receiver.url(path) },
      headers,
    );
    const [callback] = await receiver.received(1, path);
    return String(callback!.headers.traceparent);
  };
  const own = await scrape('/own', {});
  const unsampled = await scrape('/unsampled', { traceparent: `00-${TRACE}-${CALLER}-00` });
  const spans = await service.stop();

  const [, traceId] = own.split('-');
  const mine = spans.filter((span) => span.traceId === traceId);
  assert.deepEqual(mine.map((span) => span.name).toSorted(), [
    'POST /v1/scrape/async',
    'attempt',
    'job',
    'page',
  ]);
  assert.equal(mine.find((span) => span.name.startsWith('POST'))?.parentSpanId, null);
  assert.match(unsampled, new RegExp(`^00-${TRACE}-(?!${CALLER})[0-9a-f]{16}-00$`));
  assert.deepEqual(
    spans.filter((span) => span.traceId === TRACE),
    [],
  );
});

test("without an SDK the caller's traceparent is passed on to the callback as it came", async () => {
  await using service = await startTestService();
  await using receiver = await startReceiver();
  await using site = await startSite({ '/': page('Home', 'Hello.') });
  const { api } = service;
  const given = `00-${TRACE}-${CALLER}-01`;
  const toCallback = async (path: string, headers: Record<string, string>) => {
    await api.queue('/v1/scrape/async', { url: site.url('/'), webhook_url: receiver.url(path) }, headers);
    const [callback] = await receiver.received(1, path);
    return callback!.headers.traceparent;
  };
  assert.equal(await toCallback('/given', { traceparent: given }), given);
  assert.equal(
    await toCallback('/later', { traceparent: `cc-${TRACE}-${CALLER}-01-of-a-version-to-come` }),
    given,
  );
  assert.equal(await toCallback('/none', {}), undefined);
  const invalid = [
    `00-${TRACE}-${CALLER}-01-more`,
    `ff-${TRACE}-${CALLER}-01`,
    `00-${'0'.repeat(32)}-${CALLER}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${CALLER}-01`,
    `00-${TRACE}-${CALLER}`,
    'a trace',
  ];
  for (const [n, traceparent] of invalid.entries())
    assert.equal(await toCallback(`/invalid/${n}`, { traceparent }), undefined, traceparent);

  const again = receiver.callbacks.find(({ path }) => path === '/given')!;
  const { id } = (await api('GET', `/v1/deliveries?webhook_url=${receiver.url('/given')}`)).json.data[0];
  await api('POST', `/v1/deliveries/${id}/redeliver`);
  const [, second] = await receiver.received(2, '/given');
  assert.deepEqual([second!.headers.traceparent, second!.body], [given, again.body]);

  const tested = await api(
    'POST',
    '/v1/me/webhooks/test',
    { webhook_url: receiver.url('/test') },
    { traceparent: given },
  );
  assert.equal(tested.json.status, 'delivered');
  assert.equal(receiver.callbacks.at(-1)!.headers.traceparent, given);
  for (const { headers } of site.requests) assert.equal(headers.traceparent, undefined);
});

test('nobody sets the trace headers of a callback by webhook_headers', async () => {
  await using service = await startTestService({ ROLES: 'web' });
  for (const name of ['traceparent', 'Tracestate']) {
    const body = {
      url: 'http://example.com/',
      webhook_url: 'https://example.com/',
      webhook_headers: { [name]: 'x' },
    };
    const { status, json } = await service.api('POST', '/v1/scrape/async', body);
    assert.deepEqual([status, json.errors[0].path], [422, `webhook_headers.${name}`]);
  }
});
