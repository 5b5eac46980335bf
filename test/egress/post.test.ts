import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createHash } from 'node:crypto';
import { setImmediate as tick, setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { createEgress, isRetryable, type Egress, type PostRequest } from '../../src/egress/index.ts';
import { createAuthority, type Certificate } from '../support/net/certificates.ts';
import { startDns } from '../support/net/dns.ts';
import { failure } from '../support/checks/failure.ts';
import {
  coded,
  ok,
  response,
  startOrigin,
  type Origin,
  type OriginOptions,
  type RawRequest,
} from '../support/net/origin.ts';

const BOUNDED = { timeout: 60_000 };
const KIB = 1024;
const MIB = 1024 * KIB;

let ca: string;
let certificate: Certificate;
let egress: Egress;

before(async () => {
  const authority = await createAuthority();
  ca = authority.ca;
  certificate = await authority.issue(['127.0.0.1', 'localhost', 'hook.test']);
  egress = createEgress({ allowTargets: [], allowWebhooks: ['127.0.0.0/8'], ca });
});
after(() => egress.close());

function receiver(
  answer: string | ((socket: Socket, request: RawRequest) => void),
  options?: OriginOptions,
): Promise<Origin> {
  return startOrigin(answer, { certificate, ...options });
}

function post(origin: { port: number }, options: Partial<PostRequest> = {}) {
  return egress.post({
    url: `https://127.0.0.1:${origin.port}/hook?a=b#c`,
    headers: {},
    body: Buffer.from('{"a":1}'),
    timeoutMs: 5000,
    ...options,
  });
}

/** A body of `count` chunks, and whether its source was closed. */
function streamed(count: number, chunk: Buffer, prepare?: (index: number) => unknown) {
  const state = { closed: false };
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      for (let index = 0; index < count; index++) {
        await prepare?.(index);
        yield chunk;
      }
    } finally {
      state.closed = true;
    }
  }
  return { state, body: { length: count * chunk.length, chunks } };
}

test('the bytes and headers arrive as given, and the answer is reported', async () => {
  await using origin = await receiver(response(202, 'thanks', 'Retry-After: 120'));
  const body = Buffer.from('{"é":"\u2028"}');
  const result = await post(origin, {
    body,
    headers: {
      'Content-Type': 'application/json',
      'X-Signature': 't=1',
      Host: 'inside',
      'Content-Length': '1',
    },
  });
  const [request] = origin.requests;
  assert.equal(request?.method, 'POST');
  assert.equal(request?.path, '/hook?a=b');
  assert.deepEqual(request?.body, body);
  assert.deepEqual(request?.headers, {
    host: `127.0.0.1:${origin.port}`,
    connection: 'keep-alive',
    'content-type': 'application/json',
    'x-signature': 't=1',
    'content-length': String(body.length),
  });
  assert.equal(result.status, 202);
  assert.equal(result.retryAfter, '120');
  assert.equal(result.excerpt, 'thanks');
  assert.equal(result.bytesSent, body.length);
  assert.equal(result.remoteAddress, '127.0.0.1');
});

test('timings show the phases of a new connection, null for a reused one', async () => {
  await using origin = await receiver(ok());
  const { timings: first } = await post(origin);
  for (const phase of [first.dnsMs, first.connectMs, first.tlsMs, first.firstByteMs, first.totalMs])
    assert.ok(phase !== null && phase >= 0);
  assert.ok(first.firstByteMs! >= first.dnsMs! + first.connectMs! + first.tlsMs!);
  assert.ok(first.totalMs! >= first.firstByteMs!);
  const { timings: second, remoteAddress } = await post(origin);
  assert.deepEqual([second.dnsMs, second.connectMs, second.tlsMs], [null, null, null]);
  assert.notEqual(second.firstByteMs, null);
  assert.equal(remoteAddress, '127.0.0.1');
  assert.equal(origin.connections, 1);
});

test('any status is an answer, and a body is not needed', async () => {
  for (const status of [200, 204, 301, 400, 404, 410, 429, 500, 503]) {
    await using origin = await receiver((socket) =>
      socket.end(`HTTP/1.1 ${status} S\r\nConnection: close\r\n\r\n`),
    );
    const { excerpt, ...result } = await post(origin);
    assert.deepEqual([result.status, result.retryAfter, excerpt], [status, null, '']);
  }
});

test(
  'the codes of a webhook, with the phases and the address as far as they were known',
  BOUNDED,
  async () => {
    await using dns = await startDns({ 'inside.test': { a: ['10.0.0.1'] }, 'hole.test': { fail: 'DROP' } });
    await using other = createEgress({
      allowTargets: [],
      allowWebhooks: ['127.0.0.0/8'],
      ca,
      dnsServers: [dns.server],
    });
    const send = (host: string, port: number, timeoutMs = 5000) =>
      other.post({ url: `https://${host}:${port}/`, headers: {}, body: Buffer.alloc(3), timeoutMs });

    const blocked = await failure(send('inside.test', 443), 'blocked_target');
    const unresolved = await failure(send('missing.test', 443), 'dns_failed');
    const gone = await receiver(ok());
    await gone[Symbol.asyncDispose]();
    const refused = await failure(send('127.0.0.1', gone.port), 'connection_failed');
    await using plain = await startOrigin(ok(), { onConnection: (socket) => socket.write('no TLS') });
    const handshake = await failure(send('127.0.0.1', plain.port), 'tls_failed');
    await using silent = await receiver(() => {});
    const late = await failure(send('127.0.0.1', silent.port, 1000), 'timeout');
    const hole = await failure(send('hole.test', 443, 300), 'timeout');
    await using garbage = await receiver('not HTTP\r\n\r\n');
    const invalid = await failure(send('127.0.0.1', garbage.port), 'invalid_response');

    const known = [blocked, unresolved, refused, handshake, late, hole, invalid].map(
      ({ timings, remoteAddress, bytesSent }) => ({
        phases: [timings?.dnsMs, timings?.connectMs, timings?.tlsMs, timings?.totalMs].map(
          (phase) => typeof phase === 'number',
        ),
        remoteAddress,
        bytesSent,
      }),
    );
    assert.deepEqual(known, [
      { phases: [false, false, false, true], remoteAddress: null, bytesSent: 0 },
      { phases: [false, false, false, true], remoteAddress: null, bytesSent: 0 },
      { phases: [true, false, false, true], remoteAddress: null, bytesSent: 0 },
      { phases: [true, true, false, true], remoteAddress: null, bytesSent: 0 },
      { phases: [true, true, true, true], remoteAddress: '127.0.0.1', bytesSent: 3 },
      { phases: [false, false, false, true], remoteAddress: null, bytesSent: 0 },
      { phases: [true, true, true, true], remoteAddress: '127.0.0.1', bytesSent: 3 },
    ]);
    assert.deepEqual([blocked, unresolved, refused, handshake, late, hole, invalid].map(isRetryable), [
      false,
      false,
      true,
      false,
      true,
      true,
      false,
    ]);
  },
);

test('at most 1 KiB of the answer is kept, then the socket is dropped', BOUNDED, async () => {
  let written = 0;
  await using origin = await receiver((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const pour = () => {
      while (!socket.destroyed && socket.write('x'.repeat(1000))) written += 1000;
      if (!socket.destroyed) socket.once('drain', pour);
    };
    pour();
  });
  const result = await post(origin, { timeoutMs: 60_000 });
  assert.equal(result.excerpt, 'x'.repeat(1024));
  while (origin.sockets.size > 0) await tick();
  assert.ok(written < 16 * MIB);
  await using exact = await receiver(ok('y'.repeat(1024)));
  assert.equal((await post(exact)).excerpt, 'y'.repeat(1024));
  assert.equal((await post(exact)).excerpt, 'y'.repeat(1024));
  assert.equal(exact.connections, 1);
});

test('an excerpt has its content coding and its charset undone, cut short or not', async () => {
  const text = 'Grüße aus Köln. '.repeat(400);
  const latin1 = Buffer.from(text, 'latin1');
  const answers: [string, Buffer][] = [
    ['gzip', gzipSync(latin1)],
    ['deflate', deflateSync(latin1)],
    ['br', brotliCompressSync(latin1)],
    ['zstd', zstdCompressSync(latin1)],
    ['gzip', gzipSync(latin1).subarray(0, 60)],
    ['none', latin1],
    ['gzip', latin1],
  ];
  for (const [coding, body] of answers) {
    await using origin = await receiver((socket) =>
      socket.write(coded(body, coding, 'text/plain; charset="ISO-8859-1"')),
    );
    const { excerpt } = await post(origin);
    assert.ok(
      excerpt.length > 0 && excerpt.length <= 1024 && text.startsWith(excerpt),
      `${coding}: ${excerpt}`,
    );
  }
});

test('the target of a redirect is reported and not followed', async () => {
  await using origin = await receiver(response(308, '', 'Location: https://elsewhere.test/hook'));
  const { status, location } = await post(origin);
  assert.deepEqual([status, location], [308, 'https://elsewhere.test/hook']);
  await using plain = await receiver(ok());
  assert.equal((await post(plain)).location, null);
});

test('an excerpt is UTF-8 with what is not replaced, and without NULs', async () => {
  const bytes = Buffer.concat([Buffer.from('a\0b\0é'), Buffer.from([0xff, 0xc3]), Buffer.from('z')]);
  await using origin = await receiver((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`);
    socket.write(bytes);
  });
  assert.equal((await post(origin)).excerpt, 'abé\ufffd\ufffdz');
});

test(
  'the status decides: an answer that is late, cut short or garbled after its head is an answer',
  BOUNDED,
  async () => {
    const rests = [
      (socket: Socket) => void socket.write('Content-Length: 10\r\n\r\nhalf'),
      (socket: Socket) => void socket.end('Content-Length: 10\r\n\r\nhalf'),
      (socket: Socket) => void socket.write('Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n'),
      (socket: Socket) =>
        void socket.write(`Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n1;${'x'.repeat(MIB)}`),
    ];
    for (const rest of rests) {
      await using origin = await receiver((socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        rest(socket);
      });
      const { status, excerpt } = await post(origin, { timeoutMs: 1000 });
      assert.deepEqual([status, excerpt], [200, 'half']);
      while (origin.sockets.size > 0) await tick();
    }
  },
);

test('endless 103s, a head that never ends and one that drips fail', BOUNDED, async () => {
  await using hints = await receiver('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100));
  await failure(post(hints), 'invalid_response');
  await using long = await receiver(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(400_000)}`);
  await failure(post(long), 'invalid_response');
  await using drips = await receiver((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX: ');
    const timer = setInterval(() => socket.write('a'), 20);
    socket.on('close', () => clearInterval(timer));
  });
  await failure(post(drips, { timeoutMs: 300 }), 'timeout');
});

test('one deadline covers the sending of an ordinary body', BOUNDED, async () => {
  await using origin = await receiver(ok(), { onConnection: (socket) => void socket.pause() });
  const { body } = streamed(64, Buffer.alloc(MIB));
  await failure(post(origin, { body: Buffer.alloc(64 * MIB), timeoutMs: 400 }), 'timeout');
  await failure(post(origin, { body, timeoutMs: 400 }), 'timeout');
});

test('a streamed body arrives byte for byte with a Content-Length', async () => {
  await using origin = await receiver(ok());
  const chunk = Buffer.alloc(100_000, 'é');
  const { state, body } = streamed(50, chunk);
  const result = await post(origin, { body, idleTimeoutMs: 5000 });
  const [request] = origin.requests;
  assert.equal(request?.headers['content-length'], '5000000');
  assert.equal(request?.headers['transfer-encoding'], undefined);
  const whole = createHash('sha256').update(Buffer.concat(Array<Buffer>(50).fill(chunk)));
  assert.equal(
    createHash('sha256')
      .update(request?.body ?? '')
      .digest('hex'),
    whole.digest('hex'),
  );
  assert.equal(result.bytesSent, 5_000_000);
  assert.ok(state.closed);
  const empty = await post(origin, { body: streamed(0, chunk).body });
  assert.equal(empty.bytesSent, 0);
  assert.equal(origin.connections, 1);
});

test('a streamed body is made only as fast as it is taken', BOUNDED, async () => {
  await using origin = await receiver(ok(), { onConnection: (socket) => void socket.pause() });
  let made = 0;
  const { state, body } = streamed(1000, Buffer.alloc(MIB), () => made++);
  await failure(post(origin, { body, idleTimeoutMs: 400 }), 'timeout');
  assert.ok(made < 50, `${made} MiB`);
  while (!state.closed) await tick();
});

test(
  'a body whose source throws, or yields another length than it said, is body_failed',
  BOUNDED,
  async () => {
    await using origin = await receiver(ok());
    const reason = new Error('database gone');
    const broken = streamed(10, Buffer.alloc(KIB), (index) =>
      index === 5 ? Promise.reject(reason) : undefined,
    );
    const error = await failure(post(origin, { body: broken.body, idleTimeoutMs: 5000 }), 'body_failed');
    assert.equal(error.cause, reason);
    const { chunks } = streamed(10, Buffer.alloc(KIB)).body;
    await failure(
      post(origin, { body: { length: 10 * KIB + 1, chunks }, idleTimeoutMs: 5000 }),
      'body_failed',
    );
    await failure(
      post(origin, { body: { length: 10 * KIB - 1, chunks }, idleTimeoutMs: 5000 }),
      'body_failed',
    );
    while (origin.sockets.size > 0) await tick();
    assert.equal(origin.requests.length, 0);
    assert.equal((await post(origin)).status, 200);
  },
);

test(
  'the idle timeout is per chunk: a slow body takes longer than timeoutMs, a stalled one does not last',
  BOUNDED,
  async () => {
    await using origin = await receiver(ok());
    const slow = streamed(8, Buffer.alloc(KIB), () => sleep(150));
    assert.equal(
      (await post(origin, { body: slow.body, timeoutMs: 1000, idleTimeoutMs: 10_000 })).status,
      200,
    );
    const stalled = streamed(8, Buffer.alloc(KIB), (index) =>
      index === 4 ? sleep(5000, undefined, { ref: false }) : undefined,
    );
    await failure(post(origin, { body: stalled.body, timeoutMs: 5000, idleTimeoutMs: 300 }), 'body_failed');
    await using silent = await receiver(() => {});
    await failure(
      post(silent, { body: streamed(1, Buffer.alloc(KIB)).body, timeoutMs: 300, idleTimeoutMs: 60_000 }),
      'timeout',
    );
  },
);

test('an answer that comes before the body was sent counts, and the source is closed', BOUNDED, async () => {
  await using origin = await receiver(ok(), {
    onConnection: (socket) => socket.end(response(413, 'too much', 'Connection: close')),
  });
  const { state, body } = streamed(1000, Buffer.alloc(64 * KIB), () => sleep(5));
  assert.equal((await post(origin, { body, idleTimeoutMs: 5000 })).status, 413);
  while (!state.closed) await tick();
});

test(
  'a reused connection that closes before any byte of an answer is replaced at once',
  BOUNDED,
  async () => {
    await using origin = await receiver((socket, { body, connection }) => {
      if (body.toString() !== 'first' && connection === 1) socket.destroy();
      else socket.write(ok());
    });
    await post(origin, { body: Buffer.from('first') });
    assert.equal((await post(origin, { body: Buffer.from('second') })).status, 200);
    assert.deepEqual(
      origin.requests.map(({ body, connection }) => [body.toString(), connection]),
      [
        ['first', 1],
        ['second', 1],
        ['second', 2],
      ],
    );
  },
);

test('a streamed body is made again for the connection that replaces a closed one', BOUNDED, async () => {
  await using origin = await receiver((socket, { connection, body }) => {
    if (connection === 1 && body.length > 1) socket.destroy();
    else socket.write(ok());
  });
  await post(origin, { body: Buffer.alloc(1) });
  const { body } = streamed(3, Buffer.alloc(KIB, 'x'));
  const { status, bytesSent } = await post(origin, { body, idleTimeoutMs: 5000 });
  assert.deepEqual([status, bytesSent], [200, 3 * KIB]);
  assert.deepEqual(
    origin.requests.map((request) => request.body.length),
    [1, 3 * KIB, 3 * KIB],
  );
});

test(
  'a new connection that closes without an answer fails the attempt, and so does one that began to answer',
  BOUNDED,
  async () => {
    await using silent = await receiver((socket) => socket.destroy());
    await failure(post(silent), 'connection_failed');
    assert.equal(silent.requests.length, 1);
    await using begins = await receiver((socket, { connection, body }) => {
      if (connection === 1 && body.length === 1) socket.write(ok());
      else socket.end('HTTP/1.1 200');
    });
    await post(begins, { body: Buffer.alloc(1) });
    await failure(post(begins), 'connection_failed');
    assert.equal(begins.requests.length, 2);
  },
);

test(
  'an idle connection that the receiver has closed costs nothing, even where that is not known yet',
  BOUNDED,
  async () => {
    await using origin = await receiver(ok());
    for (let round = 1; round <= 5; round++) {
      await post(origin);
      await sleep(1);
      for (const socket of origin.sockets) socket.destroy();
      const noticedNothing = performance.now() + 20;
      while (performance.now() < noticedNothing);
      assert.equal((await post(origin)).status, 200);
      assert.deepEqual([origin.requests.length, origin.connections], [2 * round, round + 1]);
    }
  },
);

test('a header that HTTP forbids is not sent, and keeps to the list of codes', async () => {
  await using origin = await receiver(ok());
  await failure(post(origin, { headers: { 'X-A': 'a\r\nX-B: b' } }), 'body_failed');
  assert.equal(origin.requests.length, 0);
});

test('Connection: close and HTTP/1.0 end a connection', async () => {
  await using closes = await receiver((socket) => socket.end(ok('ok', 'Connection: close')));
  await using old = await receiver((socket) => socket.end('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  for (let round = 0; round < 3; round++) {
    assert.equal((await post(closes)).excerpt, 'ok');
    assert.equal((await post(old)).excerpt, 'ok');
  }
  assert.equal(closes.connections, 3);
  assert.equal(old.connections, 3);
});

test("Node's own authorities are trusted, NODE_EXTRA_CA_CERTS among them", BOUNDED, async () => {
  await using origin = await receiver(ok());
  const directory = await mkdtemp(join(tmpdir(), 'ca-'));
  const file = join(directory, 'ca.pem');
  await writeFile(file, ca);
  const script = `
    import { createEgress } from ${JSON.stringify(join(import.meta.dirname, '../../src/egress/index.ts'))};
    const egress = createEgress({ allowTargets: [], allowWebhooks: ['127.0.0.1'] });
    const request = { url: 'https://127.0.0.1:${origin.port}/', headers: {}, body: Buffer.alloc(0), timeoutMs: 5000 };
    console.log(await egress.post(request).then((result) => result.status, (error) => error.code));`;
  const outcome = async (env: Record<string, string>) => {
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, ...env },
    });
    return (await run).stdout.trim();
  };
  assert.equal(await outcome({ NODE_EXTRA_CA_CERTS: file }), '200');
  assert.equal(await outcome({}), 'tls_failed');
  await rm(directory, { recursive: true });
});

test('close ends what is under way and refuses what comes after', BOUNDED, async () => {
  await using origin = await receiver(() => {});
  const closing = createEgress({
    allowTargets: [],
    allowWebhooks: ['127.0.0.1'],
    ca,
    connectionsPerOrigin: { pages: 1, webhooks: 1 },
  });
  const request = {
    url: `https://127.0.0.1:${origin.port}/`,
    headers: {},
    body: Buffer.alloc(1),
    timeoutMs: 60_000,
  };
  const answered = failure(closing.post(request), 'connection_failed');
  const waiting = failure(closing.post(request), 'connection_failed');
  while (origin.requests.length === 0) await tick();
  await closing.close();
  await answered;
  await waiting;
  await failure(closing.post(request), 'connection_failed');
  while (origin.sockets.size > 0) await tick();
});
