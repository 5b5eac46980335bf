import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { testRun } from '../../support/environment.ts';
import { startReceiver, type Callback, type Receiver } from '../../support/receiver.ts';
import type { TestService } from '../../support/service.ts';
import { shareTestService } from '../../support/shared-service.ts';
import { page, startSite, type Site } from '../../support/site.ts';
import { callerOf, runCli } from '../run-cli.ts';

let service: TestService;
let site: Site;
let receiver: Receiver;
let env: Record<string, string>;
let secret: string;
let callback: Callback;
before(async () => {
  service = await shareTestService();
  site = await startSite({ '/': page('Home', 'Héllo "you".') });
  receiver = await startReceiver();
  await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url: receiver.url(),
    metadata: { n: 1 },
  });
  callback = (await receiver.received(1))[0]!;
  secret = (await service.api('GET', '/v1/me')).json.webhook_secret;
  env = { OLLAGRAPH_WEBHOOK_SECRET: secret };
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

/**
 * Runs `verify` on the callback, changed as said, and returns which steps failed for which reason.
 */
async function verify(
  changed: { headers?: Record<string, string | undefined>; body?: Buffer | string; as?: 'json' },
  args: string[] = [],
  variables = env,
) {
  const folder = await mkdtemp(join(testRun().directory, 'capture-'));
  const [headerFile, bodyFile] = [join(folder, 'headers'), join(folder, 'body')];
  const headers = Object.entries({ ...callback.headers, ...changed.headers }).filter(
    ([, v]) => v !== undefined,
  );
  const lines = headers.map(([name, value]) => `${name}: ${String(value)}\r\n`).join('');
  await writeFile(
    headerFile,
    changed.as === 'json' ? JSON.stringify(Object.fromEntries(headers)) : `POST /hook HTTP/1.1\r\n${lines}`,
  );
  await writeFile(bodyFile, changed.body ?? callback.body);
  const run = await runCli(variables, [
    'verify',
    '--headers',
    headerFile,
    '--body',
    bodyFile,
    '--json',
    ...args,
  ]);
  const { verified, steps } = JSON.parse(run.stdout) as {
    verified: boolean;
    steps: { step: string; ok: boolean; reason?: string; detail: string }[];
  };
  assert.equal(run.exitCode, verified ? 0 : 1);
  assert.equal(
    verified,
    steps.every(({ ok }) => ok),
  );
  const failures = steps.flatMap(({ step, ok, reason }) => (ok ? [] : [`${step} ${reason}`]));
  return { failures, details: steps.map(({ detail }) => detail).join('\n'), steps: steps.length };
}

test('a real callback verifies, with headers in either form and the secret from either source', async () => {
  assert.deepEqual((await verify({})).failures, []);
  assert.equal((await verify({ as: 'json' })).steps, 4);
  assert.deepEqual((await verify({}, [], callerOf(service))).failures, []);
  assert.deepEqual((await verify({}, ['--secret', secret], {})).failures, []);
});

test('the header: missing, cut, or without its time', async () => {
  const given = String(callback.headers['x-ollagraph-signature']);
  for (const [value, reason] of [
    [undefined, 'missing'],
    [given.slice(0, -1), 'malformed'],
    [given.split(',')[0], 'malformed'],
    [given.replace(/t=\d+,/, ''), 'malformed'],
    ['', 'malformed'],
  ] as const)
    assert.deepEqual((await verify({ headers: { 'x-ollagraph-signature': value } })).failures, [
      `header ${reason}`,
    ]);
});

test('the time: a capture that is old now was fresh when it arrived', async () => {
  const later = new Date(Date.now() + 3600_000).toISOString();
  assert.deepEqual((await verify({}, ['--at', later])).failures, ['timestamp out_of_tolerance']);
  assert.deepEqual((await verify({}, ['--at', later, '--tolerance', '3700'])).failures, []);
  const behind = await verify({}, ['--at', '2h']);
  assert.deepEqual(behind.failures, ['timestamp out_of_tolerance']);
  assert.match(behind.details, /this clock is slow/);
});

test('a wrong secret, and a right one that was copied badly', async () => {
  const wrong = await verify({}, ['--secret', 'whsec_bm90IHRoaXM=']);
  assert.deepEqual(wrong.failures, ['signature wrong_secret']);
  assert.match(wrong.details, /not the secret that signed it/);
  for (const [given, why] of [
    [`${secret}\n`, /white space/],
    [`"${secret}"`, /quotation marks/],
    [secret.replace('whsec_', ''), /whsec_, is missing/],
  ] as const) {
    const copied = await verify({}, ['--secret', given]);
    assert.deepEqual(copied.failures, ['signature wrong_secret']);
    assert.match(copied.details, why);
  }
});

test('a body that was altered on its way', async () => {
  const text = callback.body.toString();
  const bytes = { 'content-length': undefined };
  for (const [body, why] of [
    [JSON.stringify(JSON.parse(text), null, 2), /serialised again/],
    [text.replace('é', '\\u00e9'), /serialised again/],
    [JSON.stringify(text), /JSON string/],
    [`${text}\n`, /line break/],
    [`\ufeff${text}`, /byte order mark/],
  ] as const) {
    const altered = await verify({ body, headers: bytes });
    assert.deepEqual(altered.failures, ['signature body_altered'], body);
    assert.match(altered.details, why);
  }
  const cut = await verify({ body: callback.body.subarray(0, -5) });
  assert.deepEqual(cut.failures, ['signature body_altered']);
  assert.match(
    cut.details,
    new RegExp(`Content-Length says ${callback.bytes} bytes, and here are ${callback.bytes - 5}`),
  );
});

test('the Standard Webhooks headers are checked where they are there', async () => {
  assert.equal((await verify({ headers: { 'webhook-signature': undefined } })).steps, 3);
  const forged = { 'webhook-signature': `v1,${createHmac('sha256', 'x').update('y').digest('base64')}` };
  assert.deepEqual((await verify({ headers: forged })).failures, ['standard_webhooks disagrees']);
});

test('captures that cannot be read are wrong usage', async () => {
  const body = join(testRun().directory, 'a-body');
  await writeFile(body, 'no headers here');
  for (const [headers, why] of [
    ['/no/such/file', /cannot be read/],
    [body, /There are no headers in/],
  ] as const) {
    const run = await runCli(env, ['verify', '--headers', headers, '--body', body]);
    assert.equal(run.exitCode, 2);
    assert.match(run.stderr, why);
  }
});
