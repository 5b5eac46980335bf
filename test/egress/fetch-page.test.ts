import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import {
  createEgress,
  isRetryable,
  type Egress,
  type PageFetchErrorCode,
  type PageRequest,
} from '../../src/egress/index.ts';
import type { PageErrorCode } from '../../src/scrape/types.ts';
import { createAuthority, type Authority } from '../support/net/certificates.ts';
import { failure } from '../support/checks/failure.ts';
import { coded, ok, redirect, response, startOrigin, type Origin } from '../support/net/origin.ts';

let authority: Authority;
let egress: Egress;

before(async () => {
  authority = await createAuthority();
  egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [], ca: authority.ca });
});
after(() => egress.close());

function get(origin: Origin, path = '/', options: Partial<PageRequest> = {}) {
  return egress.fetchPage({
    url: `http://127.0.0.1:${origin.port}${path}`,
    userAgent: 'TestBot/1.0',
    timeoutMs: 5000,
    ...options,
  });
}

test('every code of a page fetch is one of a page block', () => {
  const code = 'timeout' as PageFetchErrorCode satisfies PageErrorCode;
  assert.equal(code, 'timeout');
});

test('a page comes back with its status, headers and body', async () => {
  await using origin = await startOrigin(
    ok(
      '<p>hé</p>',
      'Content-Type: text/html; charset=utf-8',
      'X-Twice: a',
      'X-Twice: b',
      'Set-Cookie: a=1',
      '__proto__: x',
    ),
  );
  const page = await get(origin, '/a%20b?q=1&r=%C3%A9#part');
  assert.equal(page.url, `http://127.0.0.1:${origin.port}/a%20b?q=1&r=%C3%A9#part`);
  assert.equal(page.status, 200);
  assert.equal(page.body.toString(), '<p>hé</p>');
  assert.equal(page.contentType, 'text/html; charset=utf-8');
  assert.equal(page.headers['x-twice'], 'a, b');
  assert.equal(Object.getPrototypeOf(page.headers), Object.prototype);
  assert.deepEqual(page.hops, []);
  assert.ok(page.durationMs > 0);
  const [request] = origin.requests;
  assert.equal(request?.method, 'GET');
  assert.equal(request?.path, '/a%20b?q=1&r=%C3%A9');
  assert.equal(request?.headers['host'], `127.0.0.1:${origin.port}`);
  assert.equal(request?.headers['user-agent'], 'TestBot/1.0');
  assert.equal(request?.headers['accept-encoding'], 'gzip, deflate, br, zstd');
});

test('any status is an answer', async () => {
  for (const status of [200, 201, 204, 206, 300, 304, 305, 400, 404, 410, 418, 429, 500, 503, 599]) {
    await using origin = await startOrigin((socket) =>
      socket.end(`HTTP/1.1 ${status} S\r\nConnection: close\r\n\r\n`),
    );
    assert.equal((await get(origin)).status, status);
  }
});

test('a choice is made where the server makes it', async () => {
  await using target = await startOrigin(ok('chosen'));
  await using origin = await startOrigin(redirect(`http://127.0.0.1:${target.port}/`, 300));
  assert.equal((await get(origin)).body.toString(), 'chosen');
  await using list = await startOrigin(response(300, 'a list'));
  assert.equal((await get(list)).body.toString(), 'a list');
});

test('a redirect without a Location is just an answer', async () => {
  await using origin = await startOrigin(response(302, 'nowhere'));
  const page = await get(origin);
  assert.equal(page.status, 302);
  assert.equal(page.body.toString(), 'nowhere');
});

test('a body ends with the connection, with its length, or with its last chunk', async () => {
  const bodies = [
    'HTTP/1.0 200 OK\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nTrailer: x\r\n\r\n',
  ];
  for (const bytes of bodies) {
    await using origin = await startOrigin((socket) => socket.end(bytes));
    assert.equal((await get(origin)).body.toString(), 'hello');
  }
});

test('content codings are undone: gzip, both deflates, br, zstd, and up to three of them', async () => {
  const text = `<!doctype html>${'été '.repeat(10_000)}`;
  const plain = Buffer.from(text);
  const cases: [string, Buffer][] = [
    ['gzip', gzipSync(plain)],
    ['x-gzip', gzipSync(plain)],
    ['GZIP', gzipSync(plain)],
    ['deflate', deflateSync(plain)],
    ['deflate', deflateRawSync(plain)],
    ['br', brotliCompressSync(plain)],
    ['zstd', zstdCompressSync(plain)],
    ['identity', plain],
    ['', plain],
    ['gzip, br', brotliCompressSync(gzipSync(plain))],
    ['deflate, identity, gzip, zstd', zstdCompressSync(gzipSync(deflateSync(plain)))],
    ['gzip', gzipSync(plain).subarray(0, -8)],
    ['gzip', gzipSync(plain).subarray(0, -3)],
    ['deflate', deflateSync(plain).subarray(0, -4)],
    ['gzip', Buffer.concat([gzipSync(plain.subarray(0, 1000)), gzipSync(plain.subarray(1000))])],
    ['gzip', Buffer.concat([gzipSync(plain), Buffer.from('  \n\n')])],
    ['br', Buffer.concat([brotliCompressSync(plain), Buffer.from('\n')])],
    ['zstd', Buffer.concat([zstdCompressSync(plain), Buffer.from('\n')])],
    // An unknown coding is none, and so is one that the first bytes contradict.
    ['none', plain],
    ['utf-8', plain],
    ['compress, gzip', gzipSync(plain)],
    ['constructor', plain],
    ['gzip', plain],
    ['zstd', plain],
    ['deflate', plain],
    ['br', plain],
    ['deflate', gzipSync(plain)],
    ['br', gzipSync(plain)],
    ['gzip', deflateSync(plain)],
    ['"gzip"', gzipSync(plain)],
    ['gzip', zstdCompressSync(plain)],
    ['gzip;q=1.0', gzipSync(plain)],
    ['gzip', Buffer.concat([gzipSync(plain), gzipSync(plain).subarray(0, 10), Buffer.from('garbage')])],
    ['gzip', Buffer.concat([gzipSync(plain), Buffer.from([0x1f, 0x8b, 9, 9])])],
    [
      'zstd',
      Buffer.concat([zstdCompressSync(plain.subarray(0, 1000)), zstdCompressSync(plain.subarray(1000))]),
    ],
  ];
  for (const [coding, body] of cases) {
    await using origin = await startOrigin((socket) =>
      socket.end(
        Buffer.concat([
          Buffer.from(
            `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`,
          ),
          body,
        ]),
      ),
    );
    const page = await get(origin);
    assert.deepEqual([page.body.toString(), page.truncated], [text, false], coding);
  }
});

test('the data of a coding that ends early gives what came of it, truncated', async () => {
  const plain = Buffer.from(Array.from({ length: 20_000 }, (_, line) => `line ${Math.sin(line)}\n`).join(''));
  const codings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync };
  for (const [coding, compress] of Object.entries(codings)) {
    const encoded = compress(plain);
    await using origin = await startOrigin((socket) =>
      socket.end(coded(encoded.subarray(0, encoded.length >> 1), coding, 'text/plain')),
    );
    const page = await get(origin);
    assert.equal(page.truncated, true, coding);
    assert.ok(
      page.body.length > plain.length / 4 && page.body.equals(plain.subarray(0, page.body.length)),
      coding,
    );
  }
});

test('an empty body is empty in any coding', async () => {
  for (const coding of ['gzip', 'br', 'zstd', 'deflate']) {
    await using origin = await startOrigin(ok('', `Content-Encoding: ${coding}`));
    assert.equal((await get(origin)).body.length, 0);
  }
});

test('gzip that nobody names is undone where text is said to be there', async () => {
  const plain = Buffer.from('été '.repeat(10_000));
  const head = 'HTTP/1.1 200 OK\r\nContent-Type:';
  for (const [type, body, expected] of [
    ['text/html; charset=utf-8', gzipSync(plain), plain],
    ['application/rss+xml\r\nContent-Encoding: gzip', gzipSync(gzipSync(plain)), plain],
    ['application/gzip', gzipSync(plain), gzipSync(plain)],
  ] as const) {
    await using origin = await startOrigin((socket) =>
      socket.end(Buffer.concat([Buffer.from(`${head} ${type}\r\n\r\n`), body])),
    );
    assert.ok((await get(origin)).body.equals(expected), type);
  }
});

test('codings of the transfer are undone, too', async () => {
  const plain = Buffer.from('été '.repeat(10_000));
  for (const [head, body] of [
    ['Transfer-Encoding: gzip', gzipSync(plain)],
    ['Content-Encoding: gzip\r\nTransfer-Encoding: gzip', gzipSync(gzipSync(plain))],
    ['Content-Encoding: gzip\r\nTransfer-Encoding: gzip', gzipSync(plain)],
  ] as const) {
    await using origin = await startOrigin((socket) =>
      socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n`), body])),
    );
    assert.deepEqual((await get(origin)).body, plain, head);
  }
});

test('text that is in no coding stays as it is, whatever coding it is said to have', async () => {
  for (const text of ['{"tide":"high"}', 'The boat leaves at three o’clock.', '<p>caf\xe9</p>']) {
    const body = Buffer.from(text, text.includes('\xe9') ? 'latin1' : 'utf8');
    await using origin = await startOrigin((socket) => socket.end(coded(body, 'br', 'text/plain')));
    assert.deepEqual((await get(origin)).body, body);
  }
});

test('a part that nobody asked for is truncated, unless it is the whole', async () => {
  for (const [range, truncated] of [
    ['bytes 0-4/5', false],
    ['bytes 0-4/50', true],
    ['bytes 5-9/10', true],
    ['bytes 0-4/*', false],
    ['lines 0-4/50', false],
  ] as const) {
    await using origin = await startOrigin(response(206, 'hello', `Content-Range: ${range}`));
    assert.equal((await get(origin)).truncated, truncated, range);
  }
});

test('data that is broken and a fourth coding are invalid', async () => {
  const plain = Buffer.from('plain text, not compressed');
  const cases: [string, Buffer][] = [
    ['br', Buffer.from([0, 1, 2, 3, 4, 5, 6, 7])],
    ['deflate', Buffer.from([0xff, 0, 1, 2, 3])],
    ['br', brotliCompressSync(plain).subarray(0, 4)],
    ['zstd', zstdCompressSync(plain).subarray(0, 6)],
    ['gzip, gzip, gzip, gzip', gzipSync(gzipSync(gzipSync(gzipSync(plain))))],
  ];
  for (const [coding, body] of cases) {
    await using origin = await startOrigin((socket) =>
      socket.end(
        Buffer.concat([
          Buffer.from(
            `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n\r\n`,
          ),
          body,
        ]),
      ),
    );
    assert.equal(isRetryable(await failure(get(origin), 'invalid_response')), false, coding);
  }
});

test('redirects are followed by hand, at most 10, with each target named', async () => {
  const seen: string[] = [];
  await using origin = await startOrigin((socket, { path }) => {
    const hop = Number(path.slice(1));
    socket.write(hop < 10 ? redirect(`/${hop + 1}`, [301, 302, 303, 307, 308][hop % 5]) : ok('end'));
  });
  const page = await get(origin, '/0', { onRedirect: (url) => void seen.push(url) });
  assert.equal(page.url, `http://127.0.0.1:${origin.port}/10`);
  assert.equal(page.hops.length, 10);
  assert.deepEqual([...page.hops.map((hop) => hop.url).slice(1), page.url], seen);
  assert.equal(origin.connections, 1);
  await failure(get(origin, '/-1'), 'too_many_redirects');
});

test('a redirect is followed though its own body never ends', async () => {
  await using origin = await startOrigin((socket, { path }) =>
    socket.write(
      path === '/' ? 'HTTP/1.1 302 F\r\nLocation: /b\r\nContent-Length: 99\r\n\r\nhello' : ok('here'),
    ),
  );
  assert.equal((await get(origin)).body.toString(), 'here');
});

test('a redirect loop ends at once', async () => {
  await using origin = await startOrigin((socket, { path }) =>
    socket.write(redirect(path === '/a' ? '/b#x' : '/a')),
  );
  await failure(get(origin, '/a'), 'too_many_redirects');
  assert.equal(origin.requests.length, 2);
});

test('the fragment of a Location counts, else it is inherited, and it is never sent', async () => {
  await using origin = await startOrigin((socket, { path }) =>
    socket.write(path === '/own' ? redirect('/end#new') : path === '/none' ? redirect('/end') : ok()),
  );
  assert.equal((await get(origin, '/own#old')).url, `http://127.0.0.1:${origin.port}/end#new`);
  assert.equal((await get(origin, '/none#old')).url, `http://127.0.0.1:${origin.port}/end#old`);
  assert.deepEqual(
    origin.requests.map(({ path }) => path),
    ['/own', '/end', '/none', '/end'],
  );
});

test('a Location may be relative, scheme-less or raw UTF-8; an unparsable one is invalid', async () => {
  await using origin = await startOrigin((socket, { path, headers }) => {
    const locations: Record<string, string> = {
      '/d/relative': '../x?y',
      '/scheme': `//${headers['host']}/x`,
      '/utf8': '/é',
      '/bad': 'http://[',
    };
    const location = locations[path];
    socket.write(location === undefined ? ok() : redirect(location));
  });
  const base = `http://127.0.0.1:${origin.port}`;
  assert.equal((await get(origin, '/d/relative')).url, `${base}/x?y`);
  assert.equal((await get(origin, '/scheme')).url, `${base}/x`);
  assert.equal((await get(origin, '/utf8')).url, `${base}/%C3%A9`);
  await failure(get(origin, '/bad'), 'invalid_response');
});

test('Authorization, Cookie and possible credentials are dropped across origins, for good', async () => {
  await using second = await startOrigin((socket) =>
    socket.write(redirect(`http://127.0.0.1:${first.port}/back`)),
  );
  await using first = await startOrigin((socket, { path }) =>
    socket.write(
      path === '/'
        ? redirect('/same')
        : path === '/same'
          ? redirect(`http://127.0.0.1:${second.port}/`)
          : ok(),
    ),
  );
  const headers = {
    Authorization: 'Bearer s3cret',
    Cookie: 'sid=s3cret',
    'X-Api-Key': 's3cret',
    'Accept-Language': 'de',
    'User-Agent': 'Custom/2',
  };
  await get(first, '/', { headers });
  const sent = [...first.requests.slice(0, 2), ...second.requests, ...first.requests.slice(2)];
  assert.deepEqual(
    sent.map(({ path }) => path),
    ['/', '/same', '/', '/back'],
  );
  assert.deepEqual(
    sent.map(({ head }) => head.includes('s3cret')),
    [true, true, false, false],
  );
  for (const request of sent) {
    assert.equal(request.headers['accept-language'], 'de');
    assert.equal(request.headers['user-agent'], 'Custom/2');
  }
});

test('credentials are dropped on the way from https to http of the same host', async () => {
  await using plain = await startOrigin(ok());
  await using secure = await startOrigin(
    (socket) => socket.write(redirect(`http://127.0.0.1:${plain.port}/`)),
    {
      certificate: await authority.issue(['127.0.0.1']),
    },
  );
  await egress.fetchPage({
    url: `https://127.0.0.1:${secure.port}/`,
    userAgent: 't',
    timeoutMs: 5000,
    headers: { authorization: 's3cret' },
  });
  assert.equal(secure.requests[0]?.headers['authorization'], 's3cret');
  assert.equal(plain.requests[0]?.headers['authorization'], undefined);
});

test('onRedirect may refuse a hop, with its own error', async () => {
  await using origin = await startOrigin((socket, { path }) =>
    socket.write(path === '/' ? redirect('/next') : ok()),
  );
  const refusal = new Error('out of scope');
  await assert.rejects(
    get(origin, '/', { onRedirect: () => Promise.reject(refusal) }),
    (error) => error === refusal,
  );
  await assert.rejects(
    get(origin, '/', {
      onRedirect: () => {
        throw refusal;
      },
    }),
    (error) => error === refusal,
  );
  assert.deepEqual(
    origin.requests.map(({ path }) => path),
    ['/', '/'],
  );
});

test('accept refuses a content type by its name and by the first bytes of the body', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\n';
  await using origin = await startOrigin((socket) => socket.write(head + 'x'.repeat(2000)));
  const asked: unknown[] = [];
  const accept = (contentType: string | null, beginning?: Buffer) =>
    asked.push([contentType, beginning?.length]) < 0;
  await failure(get(origin, '/', { accept }), 'unsupported_content_type');
  assert.deepEqual(asked, [
    ['video/mp4', undefined],
    ['video/mp4', 1024],
  ]);
  await using bare = await startOrigin(ok());
  const types: (string | null)[] = [];
  await get(bare, '/', { accept: (contentType) => types.push(contentType) > 0 });
  assert.deepEqual(types, [null]);
});

const acceptHtml = (_type: string | null, beginning?: Buffer) =>
  beginning?.toString().startsWith('<!doctype') === true;

test('a body whose first bytes are accepted is read whole, its coding undone first', async () => {
  const text = `<!doctype html>${'x'.repeat(5000)}`;
  for (const body of [gzipSync(text), gzipSync('<!doctype html>')]) {
    await using origin = await startOrigin((socket) => void socket.write(coded(body, 'gzip', 'image/png')));
    assert.match((await get(origin, '/', { accept: acceptHtml })).body.toString(), /^<!doctype html>x*$/);
  }
});

test('the last of several content types counts', async () => {
  const types: [string[], string][] = [
    [['text/plain', 'text/html; charset=utf-8'], 'text/html; charset=utf-8'],
    [['text/html; charset=koi8-r', 'text/html'], 'text/html; charset=koi8-r'],
    [['text/html;charset=koi8-r', 'text/html;charset=utf-8'], 'text/html;charset=utf-8'],
    [['text/plain, text/html'], 'text/html'],
    [['text/html', '*/*'], 'text/html'],
    [['nonsense'], 'nonsense'],
  ];
  for (const [values, expected] of types) {
    await using origin = await startOrigin(ok('', ...values.map((value) => `Content-Type: ${value}`)));
    assert.equal((await get(origin)).contentType, expected);
  }
});

test("headers of the transport are not the caller's", async () => {
  await using origin = await startOrigin(ok());
  await get(origin, '/', {
    headers: {
      Host: 'internal',
      'Content-Length': '5',
      'Transfer-Encoding': 'chunked',
      Connection: 'upgrade',
      Upgrade: 'h2c',
      'Accept-Encoding': 'compress',
      TE: 'trailers',
      Expect: '100-continue',
      'Proxy-Authorization': 'x',
      'X-Own': 'kept',
    },
  });
  const { headers } = origin.requests[0]!;
  assert.deepEqual(Object.keys(headers).toSorted(), [
    'accept',
    'accept-encoding',
    'connection',
    'host',
    'user-agent',
    'x-own',
  ]);
  assert.equal(headers['host'], `127.0.0.1:${origin.port}`);
  assert.equal(headers['connection'], 'keep-alive');
});

test('a header that HTTP forbids is not sent', async () => {
  await using origin = await startOrigin(ok());
  const forbidden: Record<string, string>[] = [
    { 'X-A': 'a\r\nX-B: b' },
    { 'X-A': 'a\0' },
    { 'X A': 'a' },
    { 'X-A\r\nX-B': 'a' },
  ];
  for (const headers of forbidden) {
    await failure(get(origin, '/', { headers }), 'internal_error');
  }
  assert.equal(origin.requests.length, 0);
  await get(origin);
  for (const headers of forbidden) await failure(get(origin, '/', { headers }), 'internal_error');
  assert.equal(origin.requests.length, 1);
});

test('connections are kept for the next page of the same origin', async () => {
  await using origin = await startOrigin(ok());
  for (let page = 0; page < 5; page++) await get(origin, `/${page}`);
  assert.equal(origin.connections, 1);
});

test('only requests with the same credentials share a connection, and no cookie is kept', async () => {
  await using origin = await startOrigin(ok('ok', 'Set-Cookie: sid=1'));
  await get(origin);
  await get(origin, '/', { headers: { authorization: 'Negotiate a' } });
  await get(origin, '/', { headers: { Authorization: 'Negotiate b' } });
  await get(origin, '/', { headers: { cookie: 'a' } });
  await get(origin, '/', { headers: { authorization: 'Negotiate a' } });
  await get(origin);
  assert.deepEqual(
    origin.requests.map(({ connection }) => connection),
    [1, 2, 3, 4, 2, 1],
  );
  assert.equal(origin.requests.at(-1)?.headers['cookie'], undefined);
});

test('a page that was asked over an idle connection which the server had closed is asked again', async () => {
  await using origin = await startOrigin((socket, { connection, path }) => {
    if (connection === 1 && path === '/second') socket.destroy();
    else socket.write(ok());
  });
  await get(origin, '/first');
  assert.equal((await get(origin, '/second')).status, 200);
  assert.deepEqual(
    origin.requests.map(({ connection }) => connection),
    [1, 1, 2],
  );
});

test('TLS: an unknown authority, another name, an expired certificate and no TLS at all', async () => {
  const strange = await createAuthority();
  const certificates = [
    await strange.issue(['127.0.0.1']),
    await authority.issue(['other.test', '127.0.0.2']),
    await authority.issue(['127.0.0.1'], { notAfter: new Date(Date.now() - 60_000) }),
  ];
  for (const certificate of certificates) {
    await using origin = await startOrigin(ok(), { certificate });
    const error = await failure(
      egress.fetchPage({ url: `https://127.0.0.1:${origin.port}/`, userAgent: 't', timeoutMs: 5000 }),
      'tls_failed',
    );
    assert.equal(isRetryable(error), false);
    assert.equal(origin.requests.length, 0);
  }
  await using plain = await startOrigin(ok(), {
    onConnection: (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
  });
  await failure(
    egress.fetchPage({ url: `https://127.0.0.1:${plain.port}/`, userAgent: 't', timeoutMs: 5000 }),
    'tls_failed',
  );
});

test('a refused or broken connection is worth a retry', async () => {
  const gone = await startOrigin(ok());
  await gone[Symbol.asyncDispose]();
  assert.equal(isRetryable(await failure(get(gone), 'connection_failed')), true);
  await using resets = await startOrigin((socket) => socket.resetAndDestroy());
  assert.equal(isRetryable(await failure(get(resets), 'connection_failed')), true);
  await using hangsUp = await startOrigin(ok(), { onConnection: (socket) => socket.end() });
  await failure(
    egress.fetchPage({ url: `https://127.0.0.1:${hangsUp.port}/`, userAgent: 't', timeoutMs: 5000 }),
    'connection_failed',
  );
  for (const cut of [
    'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n',
    'HTTP/1.1 200',
  ]) {
    await using origin = await startOrigin((socket) => socket.end(cut));
    assert.equal(isRetryable(await failure(get(origin), 'connection_failed')), true, cut);
  }
});

test('a signal cancels at any moment', async () => {
  await using silent = await startOrigin(() => {});
  const reason = new Error('stopped');
  const early = await failure(get(silent, '/', { signal: AbortSignal.abort(reason) }), 'cancelled');
  assert.equal(early.cause, reason);
  const controller = new AbortController();
  const pending = get(silent, '/', { signal: controller.signal });
  while (silent.requests.length === 0) await new Promise(setImmediate);
  controller.abort(reason);
  assert.equal((await failure(pending, 'cancelled')).cause, reason);
  while (silent.sockets.size > 0) await new Promise(setImmediate);
});
