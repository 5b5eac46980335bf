import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { Deadline } from '../../src/egress/deadline.ts';
import { createEgress, isRetryable, type Egress, type PageRequest } from '../../src/egress/index.ts';
import { startDns } from '../support/net/dns.ts';
import { pour } from '../support/net/pour.ts';
import { failure } from '../support/checks/failure.ts';
import { ok, redirect, response, startOrigin, type Origin } from '../support/net/origin.ts';
import { eventually } from '../support/wait.ts';

const MIB = 1024 * 1024;
/** Every attack here lasts for ever: a deadline or a limit ends it, or the test never ends. */
const BOUNDED = { timeout: 60_000 };

let egress: Egress;
before(() => {
  egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [] });
});
after(() => egress.close());

function get(origin: { port: number }, options: Partial<PageRequest> = {}) {
  return egress.fetchPage({
    url: `http://127.0.0.1:${origin.port}/`,
    userAgent: 't',
    timeoutMs: 5000,
    ...options,
  });
}

function startEncoded(coding: string, body: Buffer): Promise<Origin> {
  const head = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\n\r\n`);
  return startOrigin((socket) => socket.end(Buffer.concat([head, body])));
}

async function allClosed(origin: Origin): Promise<void> {
  while (origin.sockets.size > 0) await new Promise(setImmediate);
}

test('the deadline covers the wait for the head', BOUNDED, async () => {
  await using origin = await startOrigin(() => {});
  assert.equal(isRetryable(await failure(get(origin, { timeoutMs: 500 }), 'timeout')), true);
  await allClosed(origin);
});

test('the deadline covers a head that drips', BOUNDED, async () => {
  await using origin = await startOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX: ');
    pour(socket, () => 'a', 20);
  });
  await failure(get(origin, { timeoutMs: 500 }), 'timeout');
  await allClosed(origin);
});

test('the deadline covers a body that drips', BOUNDED, async () => {
  await using origin = await startOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    pour(socket, () => 'a', 20);
  });
  await failure(get(origin, { timeoutMs: 500 }), 'timeout');
  await allClosed(origin);
});

test('the deadline covers 103s that drip; a flood of them is an invalid answer', BOUNDED, async () => {
  const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
  await using drips = await startOrigin((socket) => pour(socket, () => hint, 100));
  await failure(get(drips, { timeoutMs: 500 }), 'timeout');
  await using floods = await startOrigin((socket) => pour(socket, () => hint.repeat(100)));
  await failure(get(floods, { timeoutMs: 60_000 }), 'invalid_response');
  await using few = await startOrigin(hint.repeat(16) + ok());
  assert.equal((await get(few)).status, 200);
  await using oneMore = await startOrigin(hint.repeat(17) + ok());
  await failure(get(oneMore), 'invalid_response');
});

test('the deadline covers the DNS', BOUNDED, async () => {
  await using dns = await startDns({ 'hole.test': { fail: 'DROP' } });
  await using origin = await startOrigin(ok());
  await using elsewhere = createEgress({
    allowTargets: ['127.0.0.1'],
    allowWebhooks: [],
    dnsServers: [dns.server],
    connectionsPerOrigin: { pages: 1, webhooks: 1 },
  });
  const hole = { url: `http://hole.test:${origin.port}/`, userAgent: 't' };
  await failure(elsewhere.fetchPage({ ...hole, timeoutMs: 300 }), 'timeout');
  dns.zone.set('hole.test', { a: ['127.0.0.1'] });
  assert.equal((await elsewhere.fetchPage({ ...hole, timeoutMs: 10_000 })).status, 200);
});

test('the deadline covers connecting', BOUNDED, async () => {
  const script = `const s=require('net').createServer().listen(0,'127.0.0.1',1,()=>console.log(s.address().port))`;
  const listener = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = Number(String(await once(listener.stdout, 'data')));
  listener.kill('SIGSTOP');
  const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await Promise.race(fillers.map((filler) => once(filler, 'connect')));
  try {
    const error = await failure(get({ port }, { timeoutMs: 500 }), 'timeout');
    assert.equal(error.timings?.connectMs, null);
  } finally {
    for (const filler of fillers) filler.destroy();
    listener.kill('SIGKILL');
  }
});

test('the deadline covers the TLS handshake', BOUNDED, async () => {
  await using origin = await startOrigin(() => {});
  const error = await failure(
    egress.fetchPage({ url: `https://127.0.0.1:${origin.port}/`, userAgent: 't', timeoutMs: 500 }),
    'timeout',
  );
  assert.equal(error.timings?.tlsMs, null);
  assert.notEqual(error.timings?.connectMs, null);
  await allClosed(origin);
});

test('the deadline covers the wait for a free connection', BOUNDED, async () => {
  await using origin = await startOrigin(() => {});
  await using narrow = createEgress({
    allowTargets: ['127.0.0.1'],
    allowWebhooks: [],
    connectionsPerOrigin: { pages: 1, webhooks: 1 },
  });
  const request = { url: `http://127.0.0.1:${origin.port}/`, userAgent: 't' };
  const first = failure(narrow.fetchPage({ ...request, timeoutMs: 2000 }), 'timeout');
  await eventually(() => origin.connections === 1);
  await failure(narrow.fetchPage({ ...request, timeoutMs: 200 }), 'timeout');
  assert.equal(origin.connections, 1);
  await first;
});

test('one deadline for all hops, and for onRedirect', BOUNDED, async () => {
  let hop = 0;
  await using slow = await startOrigin(
    (socket) => void setTimeout(() => socket.write(redirect(`/${hop++}`)), 100),
  );
  await failure(get(slow, { timeoutMs: 500 }), 'timeout');
  await using origin = await startOrigin(redirect('/next'));
  await failure(get(origin, { timeoutMs: 500, onRedirect: () => new Promise(() => {}) }), 'timeout');
});

test('the deadline covers decoding', BOUNDED, async () => {
  await failure(new Deadline(50).race(new Promise(() => {})), 'timeout');
  assert.equal(await new Deadline(5000).race(Promise.resolve('decoded')), 'decoded');
  await failure(new Deadline(5000, AbortSignal.abort()).race(new Promise(() => {})), 'cancelled');
});

test('the wire bytes are capped: a flood of chunk extensions', BOUNDED, async () => {
  let written = 0;
  await using origin = await startOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;');
    pour(socket, () => {
      written += 65_536;
      return 'x'.repeat(65_536);
    });
  });
  await failure(get(origin, { timeoutMs: 60_000, maxBytes: MIB }), 'too_large');
  assert.ok(written < 16 * MIB, `${written} bytes`);
});

test('a body over the limit is too large, said or unsaid, and is not read to its end', BOUNDED, async () => {
  await using said = await startOrigin((socket) =>
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2 * MIB}\r\n\r\n`),
  );
  await failure(get(said, { maxBytes: MIB }), 'too_large');
  const heads = ['HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'];
  for (const head of heads) {
    let written = 0;
    await using origin = await startOrigin((socket) => {
      socket.write(head);
      pour(socket, () => {
        written += 65_536;
        return `10000\r\n${'x'.repeat(65_536)}\r\n`;
      });
    });
    await failure(get(origin, { timeoutMs: 60_000, maxBytes: MIB }), 'too_large');
    assert.ok(written < 16 * MIB, `${written} bytes`);
    await allClosed(origin);
  }
  await using exact = await startOrigin(ok('x'.repeat(MIB)));
  assert.equal((await get(exact, { maxBytes: MIB })).body.length, MIB);
});

test('a zstd frame that wants a window of 128 MiB is invalid', BOUNDED, async () => {
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x09, 0x00, 0x00, 0x61]);
  const modest = Buffer.from(frame).fill(0x68, 5, 6);
  await using large = await startEncoded('zstd', frame);
  await failure(get(large), 'invalid_response');
  await using fine = await startEncoded('zstd', modest);
  assert.equal((await get(fine)).body.toString(), 'a');
});

test('a status below 100 is refused, and so is an upgrade nobody asked for', BOUNDED, async () => {
  for (const status of ['000', '042', '099', '101']) {
    await using origin = await startOrigin((socket) =>
      socket.end(`HTTP/1.1 ${status} S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n`),
    );
    await failure(get(origin), 'invalid_response');
  }
});

function manyFields(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `X-${index}: a`);
}

test('more than 1,000 fields are refused, and so is a head over 256 KiB', BOUNDED, async () => {
  await using many = await startOrigin(ok('ok', ...manyFields(999)));
  assert.equal((await get(many)).status, 200);
  await using more = await startOrigin(ok('ok', ...manyFields(1000)));
  assert.equal(isRetryable(await failure(get(more), 'invalid_response')), false);
  await using long = await startOrigin(ok('ok', `X: ${'a'.repeat(250 * 1024)}`));
  assert.equal((await get(long)).headers['x']?.length, 250 * 1024);
  await using longer = await startOrigin(ok('ok', `X: ${'a'.repeat(256 * 1024)}`));
  await failure(get(longer), 'invalid_response');
  await using endless = await startOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    pour(socket, () => 'X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n');
  });
  await failure(get(endless, { timeoutMs: 60_000 }), 'invalid_response');
  await using trailers = await startOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n');
    pour(socket, () => 'X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n');
  });
  await failure(get(trailers, { timeoutMs: 60_000 }), 'invalid_response');
});

test('what is not HTTP, or contradicts itself, is an invalid answer', BOUNDED, async () => {
  const answers = [
    'SSH-2.0-OpenSSH_9.9\r\n',
    '-ERR unknown command\r\n',
    '\0\0\x12\x04\0\0\0\0\0',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffff5\r\nhello\r\n0\r\n\r\n',
  ];
  for (const answer of answers) {
    await using origin = await startOrigin((socket) => socket.write(answer));
    await failure(get(origin), 'invalid_response');
  }
});

test('a head that drips byte by byte takes time in proportion to its length', BOUNDED, async () => {
  const head = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: ${' '.repeat(100_000)}x\r\n\r\nok`;
  await using origin = await startOrigin((socket) => {
    socket.setNoDelay(true);
    let at = 0;
    const next = () => {
      if (at < head.length) socket.write(head.slice(at, (at += 50)), () => setImmediate(next));
    };
    next();
  });
  assert.equal((await get(origin)).headers['x'], 'x');
});

test('a second answer that nobody asked for is not taken for the next request', BOUNDED, async () => {
  await using origin = await startOrigin((socket, { connection }) => {
    socket.write(ok('mine'));
    if (connection === 1) setImmediate(() => socket.write(ok('poison')));
  });
  assert.equal((await get(origin)).body.toString(), 'mine');
  await allClosed(origin);
  assert.equal((await get(origin)).body.toString(), 'mine');
  await using glued = await startOrigin(ok('mine') + ok('poison'));
  for (let round = 0; round < 3; round++) assert.equal((await get(glued)).body.toString(), 'mine');
});

test('the body of a redirect is not waited for beyond 16 KiB', BOUNDED, async () => {
  await using origin = await startOrigin((socket, { path }) => {
    socket.write(path === '/' ? 'HTTP/1.1 302 Found\r\nLocation: /end\r\n\r\n' : ok('end'));
    if (path === '/') pour(socket, () => 'x'.repeat(1000));
  });
  assert.equal((await get(origin, { timeoutMs: 60_000 })).body.toString(), 'end');
});

test('an origin that fails does not disturb another', BOUNDED, async () => {
  await using bad = await startOrigin(() => {});
  await using good = await startOrigin(response(200, 'good'));
  const hanging = Array.from({ length: 50 }, () => failure(get(bad, { timeoutMs: 1000 }), 'timeout'));
  for (let round = 0; round < 20; round++) assert.equal((await get(good)).body.toString(), 'good');
  await Promise.all(hanging);
});
