import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerResponse } from 'node:http';
import { startReceiver, type Callback, type Receiver } from '../support/receiver.ts';
import { startTestService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';
import { deliverTo, WITHOUT_WORKERS } from './own-deliveries.ts';

/**
 * Far beyond what a test waits for: whoever has to wait for a request that hangs waits for ever.
 */
const ENDLESS = { ...WITHOUT_WORKERS, WEBHOOK_TIMEOUT_MS: '120000' };

type Dead = (res: ServerResponse) => void;
const hangs: Dead = () => {};
const refuses: Dead = (res) => void res.writeHead(404).end();
const overloaded: Dead = (res) => void res.writeHead(503).end();
const drops: Dead = (res) => void res.socket?.destroy();

/** A host on which what is under /dead fails in this way, and everything else answers 200. */
async function startHost(dead: Dead): Promise<Receiver> {
  const receiver = await startReceiver();
  receiver.answer = (callback, res) =>
    callback.path.startsWith('/dead') ? dead(res) : void res.writeHead(200).end();
  return receiver;
}

const arrived = ({ callbacks }: Receiver, path: string) =>
  callbacks.filter((callback: Callback) => callback.path.startsWith(path));
const distinct = (host: Receiver, path: string, count: number) =>
  Array.from({ length: count }, (_, n) => host.url(`${path}/${n}`));

for (const [how, dead] of Object.entries({ hangs, refuses, overloaded, drops })) {
  test(`sixty dead URLs of which each ${how}: the live ones of their host get theirs`, async () => {
    await using service = await startTestService(ENDLESS);
    await using host = await startHost(dead);
    await deliverTo(service, distinct(host, '/dead', 60));
    await host.received(1);
    await deliverTo(service, distinct(host, '/good', 20));
    await eventually(() => arrived(host, '/good').length === 20);
  });
}

test('one dead URL with thousands due holds eight places; live URLs of its host get theirs', async () => {
  await using service = await startTestService(ENDLESS);
  await using host = await startHost(hangs);
  await deliverTo(
    service,
    Array.from({ length: 3000 }, () => host.url('/dead')),
  );
  await host.received(8);
  await deliverTo(service, [
    ...distinct(host, '/good', 20),
    ...Array.from({ length: 20 }, () => host.url('/one')),
  ]);
  await eventually(() => arrived(host, '/good').length === 20 && arrived(host, '/one').length === 20);
  assert.equal(arrived(host, '/dead').length, 8);
});

test('among more dead URLs than places, a URL that answered before gets a place at once', async () => {
  await using service = await startTestService({ ...ENDLESS, WEBHOOK_CONCURRENCY_MAX: '10' });
  await using host = await startHost(hangs);
  await deliverTo(service, [host.url('/good')]);
  await host.received(1);
  await deliverTo(service, distinct(host, '/dead', 40));
  await eventually(() => arrived(host, '/dead').length === 8);
  await deliverTo(
    service,
    Array.from({ length: 20 }, () => host.url('/good')),
  );
  await eventually(() => arrived(host, '/good').length === 21);
  assert.equal(arrived(host, '/dead').length, 8);
});

test('retries of dead URLs hold up no first attempts', async () => {
  await using service = await startTestService({
    ...WITHOUT_WORKERS,
    WEBHOOK_TIMEOUT_MS: '1000',
    WEBHOOK_RETRY_SCHEDULE: '0,0,0,0,0,0,0,0,0,0,0,0',
  });
  await using host = await startHost(hangs);
  await deliverTo(service, distinct(host, '/dead', 60));
  await eventually(() =>
    arrived(host, '/dead').some(({ headers }) => headers['x-ollagraph-attempt'] === '2'),
  );
  await deliverTo(service, distinct(host, '/good', 20));
  await eventually(() => arrived(host, '/good').length === 20);
});

test('test calls and redeliveries are sent at once past an open breaker', async () => {
  await using service = await startTestService({ ...WITHOUT_WORKERS, WEBHOOK_RETRY_SCHEDULE: '100000' });
  await using host = await startHost(overloaded);
  const ids = await deliverTo(
    service,
    Array.from({ length: 30 }, () => host.url('/dead')),
  );
  const resting = async () =>
    (await service.api('GET', '/v1/endpoints')).json.data[0]?.status === 'backing_off';
  await eventually(resting);
  for (let n = 0; n < 20; n++) {
    const { json } = await service.api('POST', '/v1/me/webhooks/test', { webhook_url: host.url('/dead') });
    assert.deepEqual([json.attempts, json.attempt_log[0].status_code], [1, 503]);
  }
  const id = ids.at(-1)!;
  const before = (await service.api('GET', `/v1/deliveries/${id}`)).json.attempts;
  assert.equal((await service.api('POST', `/v1/deliveries/${id}/redeliver`)).status, 202);
  await eventually(async () => {
    const { attempt_log } = (await service.api('GET', `/v1/deliveries/${id}`)).json;
    return (
      attempt_log.length > before && attempt_log.at(-1).trigger === 'manual' && attempt_log.at(-1).finished_at
    );
  });
});
