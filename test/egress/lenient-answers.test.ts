import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createEgress, type Egress } from '../../src/egress/index.ts';
import { failure } from '../support/checks/failure.ts';
import { CHUNKED, LENIENT, OK } from '../support/net/lenient-answers.ts';
import { ok, startOrigin, type Origin } from '../support/net/origin.ts';

let egress: Egress;
before(() => {
  egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [] });
});
after(() => egress.close());

function get(origin: Origin) {
  return egress.fetchPage({ url: `http://127.0.0.1:${origin.port}/`, userAgent: 't', timeoutMs: 5000 });
}

for (const [name, answer] of Object.entries(LENIENT)) {
  test(`${name}: the page is read, and its connection is not used again`, async () => {
    await using origin = await startOrigin(answer);
    for (const connections of [1, 2]) {
      assert.equal((await get(origin)).body.toString(), 'hello');
      assert.equal(origin.connections, connections);
    }
  });
}

test('a length that is no number says nothing: the body ends with the connection', async () => {
  for (const length of ['-1', 'abc', '5 bytes', '0x5']) {
    await using origin = await startOrigin((socket) =>
      socket.end(`${OK}Content-Length: ${length}\r\n\r\nhello`),
    );
    assert.equal((await get(origin)).body.toString(), 'hello', length);
  }
});

test('the size of a chunk may begin with any number of zeros', async () => {
  const zeros = '0'.repeat(40);
  await using origin = await startOrigin(`${CHUNKED}\r\n${zeros}5\r\nhello\r\n${zeros}\r\n\r\n`);
  assert.equal((await get(origin)).body.toString(), 'hello');
  await using large = await startOrigin(`${CHUNKED}\r\n${'f'.repeat(14)}\r\nhello`);
  await failure(get(large), 'invalid_response');
});

test('unasked informational answers are skipped, and the connection is kept', async () => {
  const hints = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n';
  await using origin = await startOrigin(hints + ok('hello'));
  await get(origin);
  assert.equal((await get(origin)).body.toString(), 'hello');
  assert.equal(origin.connections, 1);
  await using alone = await startOrigin((socket) => socket.end(hints));
  await failure(get(alone), 'connection_failed');
});

test('any status from 100 to 999 with or without its reason is an answer', async () => {
  for (const status of ['999 Denied', '600 X', '299', '200 ']) {
    await using origin = await startOrigin(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\nhello`);
    const page = await get(origin);
    assert.deepEqual([page.status, page.body.toString()], [Number(status.slice(0, 3)), 'hello']);
  }
});

test('control characters become blanks, and bytes beyond ASCII stay', async () => {
  await using origin = await startOrigin((socket) =>
    socket.write(Buffer.from(`${OK}X: a\x01b\r\nY: voil\xc3\xa0\r\nContent-Length: 0\r\n\r\n`, 'latin1')),
  );
  const { headers } = await get(origin);
  assert.equal(headers['x'], 'a b');
  assert.equal(headers['y'], 'voil\xc3\xa0');
});

test('a body that ends early, by length, chunk or framing, is kept as truncated', async () => {
  const answers: Record<string, (socket: Socket) => void> = {
    'a length too large': (socket) => socket.end(`${OK}Content-Length: 100\r\n\r\nhello`),
    'no last chunk': (socket) => socket.end(`${CHUNKED}\r\n5\r\nhello\r\n`),
    'half a chunk': (socket) => socket.end(`${CHUNKED}\r\nff\r\nhello`),
    'a chunk that is none': (socket) => socket.end(`${CHUNKED}\r\n5\r\nhello\r\n<p>`),
  };
  for (const [name, answer] of Object.entries(answers)) {
    await using origin = await startOrigin(answer);
    const page = await get(origin);
    assert.deepEqual([page.body.toString(), page.truncated], ['hello', true], name);
  }
  await using whole = await startOrigin((socket) => socket.end(`${OK}\r\nhello`));
  assert.equal((await get(whole)).truncated, false);
  await using noTrailer = await startOrigin((socket) => socket.end(`${CHUNKED}\r\n5\r\nhello\r\n0\r\n`));
  assert.equal((await get(noTrailer)).truncated, false);
});

test('a body of which nothing came is a failed connection', async () => {
  for (const head of [`${OK}Content-Length: 100\r\n\r\n`, `${CHUNKED}\r\n`]) {
    await using origin = await startOrigin((socket) => socket.end(head));
    await failure(get(origin), 'connection_failed');
  }
});
