import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startTestService, type TestService } from '../support/service.ts';

const ROUTE = '/v1/scrape/batch/async';
const MIB = 1024 * 1024;

let service: TestService;
before(async () => {
  service = await startTestService({ ROLES: 'web' });
});
after(() => service[Symbol.asyncDispose]());

test('100,000 URLs of 300 characters are taken in one request', async () => {
  const urls = Array.from({ length: 100_000 }, (_, n) => `https://example.com/${n}/`.padEnd(300, 'x'));
  const { status, json, text } = await service.api('POST', ROUTE, gzipSync(JSON.stringify({ urls })), {
    'content-encoding': 'gzip',
  });
  assert.equal(status, 202, text);
  const pages = await service.db
    .selectFrom('pages')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('job_id', '=', json.job_id)
    .executeTakeFirstOrThrow();
  assert.equal(pages.count, 100_000);
});

const url = (length: number) => 'https://example.com/'.padEnd(length, 'x');

test('a URL may have 8,192 characters', async () => {
  assert.equal((await service.api('POST', ROUTE, { urls: [url(8192)] })).status, 202);
  const refused = await service.api('POST', ROUTE, { urls: [url(100), url(8193)] });
  assert.deepEqual(refused.json.errors, [{ path: 'urls[1]', message: 'must have at most 8192 characters' }]);
});

test('every wrong URL of a batch is named, up to twenty', async () => {
  const urls = ['https://example.com/', 'ftp://a', 5, 'nothing', 'http://u:p@a/', null];
  const { status, json } = await service.api('POST', ROUTE, { urls });
  assert.equal(status, 422);
  assert.deepEqual(
    json.errors.map((error: { path: string }) => error.path),
    ['urls[1]', 'urls[2]', 'urls[3]', 'urls[4]', 'urls[5]'],
  );
  const many = await service.api('POST', ROUTE, { urls: Array.from({ length: 100_000 }, () => 'x') });
  assert.equal(many.json.errors.length, 20);
});

test('a body that is too large names the limit of its route', async () => {
  const body = gzipSync(JSON.stringify({ urls: ['x'.repeat(33 * 1024 * 1024)] }));
  const { status, json } = await service.api('POST', ROUTE, body, { 'content-encoding': 'gzip' });
  assert.equal(status, 413);
  assert.match(json.detail, /at most 32 MiB/);
  const small = await service.api('POST', '/v1/scrape', { url: 'x'.repeat(1024 * 1024) });
  assert.equal(small.status, 413);
  assert.match(small.json.detail, /at most 1 MiB/);
});

test('16 KB of gzip that hold millions of values are refused before any is built', async () => {
  const values = '{},'.repeat(5_000_000);
  for (const [body, field] of [
    [`{"metadata":[${values}{}]}`, 'metadata'],
    [`{"urls":[${values}{}]}`, 'urls'],
    [`{"headers":{${'"a":0,'.repeat(2_000_000)}"b":0}}`, 'headers'],
    [`{"webhook_headers":${'['.repeat(5_000_000)}`, 'webhook_headers'],
  ] as const) {
    const packed = gzipSync(body);
    assert.ok(packed.length < 50_000);
    const { status, json } = await service.api('POST', ROUTE, packed, { 'content-encoding': 'gzip' });
    assert.equal(status, 422);
    assert.equal(json.errors[0].path, field);
  }
});

/** Sends a part of a body that never ends; the first bytes of the answer come if one comes. */
function uploadWithoutEnd(path: string, key: string, partBytes: number) {
  const { hostname, port } = new URL(service.api.origin);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Length: ${partBytes + 1}\r\n\r\n`,
  );
  socket.write(Buffer.alloc(partBytes, ' '));
  const { promise: answer, resolve } = Promise.withResolvers<string>();
  socket.on('error', () => {}).once('data', (data) => resolve(String(data)));
  return { socket, answer };
}

test('uploads that are never finished are counted for their account', async () => {
  const another = await service.createAccount();
  const opened = Array.from({ length: 6 }, () => uploadWithoutEnd(ROUTE, another.key, 12 * MIB));
  // Four of them fit into the account's share.
  const refused = await Promise.race(opened.map(({ answer }) => answer));
  assert.match(refused, /^HTTP\/1.1 429/);
  assert.equal((await service.api('POST', ROUTE, { urls: ['https://example.com/'] })).status, 202);
  for (const { socket } of opened) socket.destroy();
});

test('the bodies of an account count together, whichever surface they are sent to', async () => {
  const another = await service.createAccount();
  // Each alone is within the share: the last two of these go beyond it.
  const opened = [
    ...Array.from({ length: 3 }, () => uploadWithoutEnd(ROUTE, another.key, 15 * MIB)),
    ...Array.from({ length: 3 }, () => uploadWithoutEnd('/v2/batch/scrape', another.key, 900 * 1024)),
    ...Array.from({ length: 3 }, () => uploadWithoutEnd('/mcp', another.key, 3.5 * MIB)),
  ];
  assert.match(await Promise.race(opened.map(({ answer }) => answer)), /^HTTP\/1.1 429/);
  for (const { socket } of opened) socket.destroy();
});

test('a body that breaks off or is not what it says is a 400', async () => {
  const { status, json } = await service.api('POST', ROUTE, 'not gzip', { 'content-encoding': 'gzip' });
  assert.equal(status, 400);
  assert.equal(json.code, 'bad_request');
  const half = gzipSync(JSON.stringify({ urls: ['https://example.com/'] })).subarray(0, 30);
  assert.equal((await service.api('POST', ROUTE, half, { 'content-encoding': 'gzip' })).status, 400);
});
