import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { sql } from 'kysely';
import { pino } from 'pino';
import { clientAddress, networkOf } from '../../src/http/server/connections.ts';
import { closeUnread, MAX_UNREAD_BYTES } from '../../src/http/server/unread-answers.ts';
import { listen } from '../support/net/listen.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

function open(service: TestService): Socket {
  const { hostname, port } = new URL(service.api.origin);
  // A reset by the service is an end like any other.
  return connect(Number(port), hostname).on('error', () => undefined);
}

const request = (path: string, close = false) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\n${close ? 'Connection: close\r\n' : ''}\r\n`;

test('pipelined requests are answered one after the other, and too many end their connection', async () => {
  await using service = await startTestService({ ROLES: 'web' });
  const socket = open(service);
  socket.write(
    request('/healthz') +
      request('/nothing').repeat(5) +
      request('/openapi.json') +
      request('/healthz', true),
  );
  const statuses = [...(await text(socket)).matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status);
  assert.deepEqual(statuses, ['200', '404', '404', '404', '404', '404', '200', '200']);

  const greedy = open(service);
  greedy.write(request('/openapi.json').repeat(500));
  // Not reading, it is closed nevertheless.
  await once(greedy, 'close');
  const served = service.logs.filter(({ msg, path }) => msg === 'request' && path === '/openapi.json').length;
  assert.ok(served < 20, `${served} of 500 were answered`);
  assert.equal((await service.api('GET', '/healthz')).status, 200);
});

test('connections that read nothing are closed before their answers take the memory', async () => {
  const answer = Buffer.alloc(12 * 1024 * 1024, 'x');
  let taken = 0;
  const connections = new Set<Socket>();
  const server = createServer((_req, res) => {
    taken++;
    res.end(answer);
  });
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  closeUnread(server, pino({ level: 'silent' }));
  const port = await listen(server);
  const sockets = Array.from({ length: 40 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  try {
    for (const socket of sockets) socket.write(request('/'));
    const most = Math.floor(MAX_UNREAD_BYTES / answer.length);
    await eventually(() => taken === sockets.length && connections.size <= most);
    const reader = connect(port, '127.0.0.1');
    reader.end(request('/', true));
    assert.ok((await text(reader)).length > answer.length);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

test('an account has three large answers under way, and the others wait', async () => {
  await using service = await startTestService({ ROLES: 'web' });
  const job = await service.api.queue('/v1/scrape/async', { url: 'https://example.com/' });
  const fragment = JSON.stringify({ text: 'x'.repeat(12 * 1024 * 1024) });
  await sql`update pages set status = 'ok', fragment = ${fragment}, settled_at = now()`.execute(service.db);
  await sql`update jobs set status = 'completed', succeeded = 1, remaining = 0, finished_at = now()`.execute(
    service.db,
  );
  const sockets = Array.from({ length: 12 }, () => open(service));
  const answered = () => sockets.filter((socket) => socket.bytesRead > 0);
  try {
    for (const [n, socket] of sockets.entries()) {
      const path = [`/v1/jobs/${job}`, `/v1/jobs/${job}/result`, `/v1/jobs/${job}/pages`][n % 3];
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${service.account.key}\r\n\r\n`);
      // Reads the beginning, and no more.
      socket.once('data', () => socket.pause());
    }
    await eventually(() => answered().length === 3);
    const another = await service.createAccount();
    assert.equal((await another.api('GET', '/v1/me')).status, 200);
    assert.equal((await service.api('GET', '/v1/me')).status, 200);
    assert.equal(answered().length, 3);
    for (const socket of answered()) socket.destroy();
    await eventually(() => answered().length === 6);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test('an address has a limited number of connections, a proxy any number', async () => {
  await using service = await startTestService({ ROLES: 'web', CONNECTIONS_PER_ADDRESS: '3' });
  const sockets = Array.from({ length: 3 }, () => open(service));
  for (const socket of sockets) await once(socket, 'connect');
  await once(open(service), 'close');
  sockets.pop()!.destroy();
  for (let answered = false; !answered;) {
    const socket = open(service);
    socket.write(request('/healthz', true));
    answered = (await text(socket).catch(() => '')).startsWith('HTTP/1.1 200');
  }
  for (const socket of sockets) socket.destroy();

  await using behind = await startTestService({
    ROLES: 'web',
    CONNECTIONS_PER_ADDRESS: '1',
    TRUST_PROXY: 'loopback',
  });
  const many = Array.from({ length: 5 }, () => open(behind));
  for (const socket of many) {
    socket.write(request('/healthz', true));
    assert.match(await text(socket), /^HTTP\/1.1 200/);
  }
});

test('an owner of many IPv6 addresses counts as one', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), networkOf('2001:db8:1:2::9'));
  assert.equal(networkOf('2001:0db8:0001:0002::'), networkOf('2001:db8:1:2::9%eth0'));
  assert.notEqual(networkOf('2001:db8:1:2::9'), networkOf('2001:db8:1:3::9'));
  assert.equal(networkOf('::1'), '0:0:0:0::/64');
});

const isProxy = (address: string) => address.startsWith('10.');

const from = (remoteAddress: string, forwarded?: string) =>
  clientAddress(
    { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as unknown as IncomingMessage,
    isProxy,
  );

test('a client is identified by trusted proxies only', () => {
  assert.equal(from('192.0.2.1'), '192.0.2.1');
  assert.equal(from('192.0.2.1', '198.51.100.7'), '192.0.2.1');
  assert.equal(from('10.0.0.1', 'forged, 198.51.100.7'), '198.51.100.7');
  assert.equal(from('10.0.0.1', '203.0.113.9, 198.51.100.7, 10.0.0.2'), '198.51.100.7');
  assert.equal(from('10.0.0.1', ''), '10.0.0.1');
});
