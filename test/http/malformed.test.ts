import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { eventually } from '../support/wait.ts';

let service: TestService;
before(async () => {
  service = await shareTestService();
});
after(() => service[Symbol.asyncDispose]());

/**
 * Sends the pieces, each once the one before has arrived, and reads what comes until the connection
 * ends.
 */
async function exchange(...pieces: string[]): Promise<string> {
  const { hostname, port } = new URL(service.api.origin);
  const socket = connect(Number(port), hostname);
  const answer = text(socket);
  for (const piece of pieces) await new Promise((sent) => socket.write(piece, sent));
  return await answer;
}

/** The statuses of the answers, in their order. */
const statusesOf = (answers: string) =>
  [...answers.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));

/** The line of the log about the request with this id. */
async function logged(id: string): Promise<Record<string, unknown>> {
  const find = () =>
    service.logs.find(({ msg, request_id }) => msg === 'request' && request_id === id) ?? null;
  await eventually(() => find() !== null);
  return find()!;
}

const CLOSE = 'Connection: close\r\n\r\n';

const HOSTS: Record<string, [fields: string, version: string, status: number]> = {
  'a name': ['Host: a.example\r\n', '1.1', 200],
  'a name and a port': ['Host: a_b.example:80\r\n', '1.1', 200],
  'an IPv6 address': ['Host: [::1]:3000\r\n', '1.1', 200],
  nothing: ['Host:\r\n', '1.1', 200],
  'no field': ['', '1.1', 400],
  'no field in HTTP/1.0': ['', '1.0', 200],
  'two fields': ['Host: a.example\r\nHost: b.example\r\n', '1.1', 400],
  'two equal fields': ['Host: a.example\r\nhOST: a.example\r\n', '1.1', 400],
  'two fields in HTTP/1.0': ['Host: a.example\r\nHost: b.example\r\n', '1.0', 400],
  'two names': ['Host: a.example, b.example\r\n', '1.1', 400],
  'a path': ['Host: a.example/b\r\n', '1.1', 400],
  'user information': ['Host: a@b.example\r\n', '1.1', 400],
  'a port that is none': ['Host: a.example:x\r\n', '1.1', 400],
};

for (const [name, [fields, version, status]] of Object.entries(HOSTS))
  test(`a Host of ${name} is answered ${status}`, async () => {
    const answer = await exchange(`GET /healthz HTTP/${version}\r\n${fields}${CLOSE}`);
    assert.deepEqual(statusesOf(answer), [status]);
    if (status === 400) assert.match(answer, /"code":"bad_request"/);
  });

test('a request to upgrade with two hosts is refused', async () => {
  const fields = 'Host: a\r\nHost: b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
  const answer = await exchange(`GET /v2/crawl/x HTTP/1.1\r\n${fields}\r\n`);
  assert.deepEqual(statusesOf(answer), [400]);
});

test('a body that is refused on its way is logged with the answer that it got', async () => {
  const { key } = service.account;
  const id = `malformed-${Date.now()}`;
  const head = `POST /v1/scrape HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nX-Request-Id: ${id}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const answer = await exchange(`${head}5\r\n{"url\r\n`, 'zz\r\n');
  assert.deepEqual(statusesOf(answer), [400]);
  assert.ok(answer.includes(`"request_id":"${id}"`), answer);
  const { status, broken_off } = await logged(id);
  assert.deepEqual({ status, broken_off }, { status: 400, broken_off: undefined });
  const about = service.logs.filter(({ request_id }) => request_id === id);
  assert.deepEqual(
    about.map(({ msg }) => msg),
    ['request'],
  );
});

test('what follows a request is refused after its answer, not in its place', async () => {
  const answer = await exchange('GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n');
  assert.deepEqual(statusesOf(answer), [200, 400]);
  const held = await exchange('GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n');
  assert.deepEqual(statusesOf(held), [200, 400]);
  const tunnel = await exchange(
    'GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
  );
  assert.deepEqual(statusesOf(tunnel), [200, 405]);
});
