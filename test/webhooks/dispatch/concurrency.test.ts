import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { startReceiver } from '../../support/receiver.ts';
import { startTestService } from '../../support/service.ts';
import { eventually } from '../../support/wait.ts';
import { deliverTo, WITHOUT_WORKERS } from '../own-deliveries.ts';

/** A receiver that takes `ms` for each request, and counts how many it has at once. */
async function startCountingReceiver(ms: number) {
  const receiver = await startReceiver();
  const seen = { now: 0, most: 0 };
  receiver.answer = (_callback, res) => {
    seen.most = Math.max(seen.most, ++seen.now);
    void sleep(ms).then(() => {
      seen.now--;
      res.writeHead(200).end();
    });
  };
  return { receiver, seen };
}

test('an endpoint that keeps up is sent more and more at once, up to the maximum, and shows it', async () => {
  await using service = await startTestService({ ...WITHOUT_WORKERS, WEBHOOK_CONCURRENCY_MAX: '20' });
  const { receiver, seen } = await startCountingReceiver(100);
  await using _ = receiver;
  await deliverTo(
    service,
    Array.from({ length: 600 }, () => receiver.url()),
  );
  await receiver.received(600);
  assert.ok(seen.most > 8 && seen.most <= 20, String(seen.most));
  const view = async () => (await service.api('GET', '/v1/endpoints')).json.data[0];
  await eventually(async () => (await view()).concurrency === seen.most);
});

test('an endpoint that refuses with 429 or 503 is sent less at once', async () => {
  for (const status of [429, 503]) {
    await using service = await startTestService({ ...WITHOUT_WORKERS, WEBHOOK_RETRY_SCHEDULE: '100000' });
    await using receiver = await startReceiver();
    let refused = 0;
    receiver.answer = (_callback, res) => void res.writeHead(refused++ < 6 ? status : 200).end();
    await deliverTo(service, [receiver.url()]);
    await receiver.received(1);
    await eventually(async () => {
      const [view] = (await service.api('GET', '/v1/endpoints')).json.data;
      return view?.concurrency === 4;
    });
  }
});
