import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { createEgress, type BodyReader, type Egress, type PageRequest } from '../../src/egress/index.ts';
import { pour } from '../support/net/pour.ts';
import { failure } from '../support/checks/failure.ts';
import { coded, ok, redirect, response, startOrigin } from '../support/net/origin.ts';

const MIB = 1024 * 1024;
const BOUNDED = { timeout: 60_000 };
const HEAD = 'HTTP/1.1 200 OK\r\n\r\n';

let egress: Egress;
before(() => {
  egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [] });
});
after(() => egress.close());

function read(origin: { port: number }, reader: BodyReader, options: Partial<PageRequest> = {}) {
  const url = `http://127.0.0.1:${origin.port}/`;
  return egress.fetchPage({ url, userAgent: 't', timeoutMs: 5000, read: reader, ...options });
}

/** A reader that keeps what it reads. */
function keeper() {
  const chunks: Buffer[] = [];
  const keep: BodyReader = async (body) => {
    for await (const chunk of body) chunks.push(Buffer.from(chunk));
  };
  return { keep, kept: () => Buffer.concat(chunks) };
}

const takeAll: BodyReader = async (body) => {
  for await (const _ of body);
};
const takeFirst: BodyReader = async (body) => {
  for await (const _ of body) return;
};
const takeNothing: BodyReader = async () => {};
const throwAtFirst: BodyReader = async (body) => {
  for await (const _ of body) throw new RangeError('enough');
};
const refuse: BodyReader = () => assert.fail('is not read');

test('a body is read whole, plain or in any coding, and the page comes without it', BOUNDED, async () => {
  const text = Buffer.concat([randomBytes(3 * MIB), Buffer.alloc(3 * MIB, 'a')]);
  const bodies: Record<string, Buffer> = {
    identity: text,
    gzip: gzipSync(text),
    deflate: deflateSync(text),
    'DEFLATE ': deflateRawSync(text),
    'gzip, deflate, x-gzip': gzipSync(deflateSync(gzipSync(text))),
    'identity, gzip': gzipSync(text).subarray(0, -8),
  };
  for (const [coding, body] of Object.entries(bodies)) {
    await using origin = await startOrigin((socket) => void socket.write(coded(body, coding, 'text/plain')));
    const { keep, kept } = keeper();
    const page = await read(origin, keep);
    assert.ok(kept().equals(text), coding);
    assert.equal(origin.requests[0]!.headers['accept-encoding'], 'gzip, deflate');
    assert.deepEqual([page.status, page.body.length, page.contentType], [200, 0, 'text/plain']);
  }
});

test('a body in a coding that nobody asked for is read, too', BOUNDED, async () => {
  const text = Buffer.alloc(MIB, 'some text, ');
  for (const [coding, body] of [
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    ['gzip, br', brotliCompressSync(gzipSync(text))],
  ] as const) {
    await using origin = await startOrigin((socket) => void socket.write(coded(body, coding, 'text/plain')));
    const { keep, kept } = keeper();
    await read(origin, keep);
    assert.ok(kept().equals(text), coding);
  }
});

test('a body that is empty has nothing to read, whatever its coding', BOUNDED, async () => {
  for (const coding of ['identity', 'gzip', 'deflate', 'gzip, deflate']) {
    await using origin = await startOrigin(ok('', `Content-Encoding: ${coding}`));
    const { keep, kept } = keeper();
    await read(origin, keep);
    assert.equal(kept().length, 0);
  }
});

test('a body is read while it arrives', BOUNDED, async () => {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  await using origin = await startOrigin((socket) => {
    socket.write(`${HEAD}one`);
    resolve(socket);
  });
  const seen: string[] = [];
  await read(origin, async (body) => {
    for await (const chunk of body) {
      seen.push(chunk.toString());
      (await promise).end('two');
    }
  });
  assert.deepEqual(seen, ['one', 'two']);
});

test('a reader that has enough ends the exchange', BOUNDED, async () => {
  const endless = gzipSync(randomBytes(MIB));
  const heads = [HEAD, 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n'];
  for (const head of heads)
    for (const reader of [takeFirst, takeNothing]) {
      await using origin = await startOrigin((socket) => {
        socket.write(head);
        pour(socket, () => endless);
      });
      assert.equal((await read(origin, reader)).status, 200);
      while (origin.sockets.size > 0) await sleep(5);
    }
});

test('a slow reader holds up the sender, until the time is over', BOUNDED, async () => {
  let written = 0;
  await using origin = await startOrigin((socket) => {
    socket.write(HEAD);
    pour(socket, () => {
      written += 65_536;
      return Buffer.alloc(65_536);
    });
  });
  const { promise: ended, resolve } = Promise.withResolvers<unknown>();
  const slow: BodyReader = async (body) => {
    try {
      for await (const _ of body) await sleep(200);
    } catch (error) {
      resolve(error);
      throw error;
    }
  };
  await failure(read(origin, slow, { timeoutMs: 1000 }), 'timeout');
  assert.ok(await ended);
  assert.ok(written < 16 * MIB, `${written}`);
});

test('the time is over, too, where the body is there and its reader does not end', BOUNDED, async () => {
  await using origin = await startOrigin(ok('body'));
  await failure(
    read(origin, async () => await new Promise(() => {}), { timeoutMs: 300 }),
    'timeout',
  );
});

test('what the reader throws is what the fetch fails with', BOUNDED, async () => {
  await using origin = await startOrigin((socket) => {
    socket.write(HEAD);
    pour(socket, () => 'a', 20);
  });
  await assert.rejects(read(origin, throwAtFirst), RangeError);
});

test('a body that is cut short fails, whatever its reader makes of it', BOUNDED, async () => {
  await using origin = await startOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => socket.destroy());
  });
  const { keep, kept } = keeper();
  await failure(
    read(origin, (body) => keep(body).catch(() => undefined)),
    'connection_failed',
  );
  assert.equal(kept().toString(), 'half');
});

test('bodies that are too long, and ones that are not in their coding, fail with that', BOUNDED, async () => {
  const zeros = Buffer.alloc(4 * MIB);
  const attacks: [string, Buffer, 'too_large' | 'invalid_response'][] = [
    ['identity', zeros, 'too_large'],
    ['gzip', gzipSync(zeros), 'too_large'],
    ['gzip, gzip', gzipSync(gzipSync(zeros)), 'too_large'],
    ['deflate', Buffer.from('no deflate'), 'invalid_response'],
    // Their windows are too large to be held while a body arrives: nobody asks for them, and little
    // of them is taken.
    ['br', brotliCompressSync(zeros), 'too_large'],
    ['zstd', zstdCompressSync(randomBytes(3 * MIB)), 'too_large'],
    ['br, gzip', gzipSync(brotliCompressSync(zeros)), 'too_large'],
    ['br', brotliCompressSync(randomBytes(1000)).subarray(0, 2), 'invalid_response'],
    ['compress', zeros, 'too_large'],
    ['gzip, gzip, gzip, gzip', zeros, 'invalid_response'],
  ];
  for (const [coding, body, code] of attacks) {
    await using origin = await startOrigin((socket) => void socket.write(coded(body, coding, 'text/plain')));
    const { keep, kept } = keeper();
    await failure(read(origin, keep, { maxBytes: MIB }), code);
    assert.ok(kept().length <= MIB, coding);
  }
});

test('only the last answer is read, and only where it is 2xx; its connection stays', BOUNDED, async () => {
  await using origin = await startOrigin((socket, { path }) => {
    if (path === '/') socket.write(redirect('/next'));
    else socket.write(path === '/next' ? redirect('/last') : response(404, 'not found'));
  });
  assert.equal((await read(origin, refuse)).status, 404);
  assert.equal((await read(origin, refuse)).status, 404);
  assert.equal(origin.connections, 1);
});

test('cancelling ends the reading', BOUNDED, async () => {
  await using origin = await startOrigin((socket) => {
    socket.write(`${HEAD}a`);
  });
  const controller = new AbortController();
  const reading = read(
    origin,
    async (body) => {
      setTimeout(() => controller.abort(), 50);
      await takeAll(body);
    },
    { signal: controller.signal },
  );
  await failure(reading, 'cancelled');
});
