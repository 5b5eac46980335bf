import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestService } from '../support/service.ts';
import { gate, page, startSite } from '../support/site.ts';
import { startReceiver } from '../support/receiver.ts';
import { eventually } from '../support/wait.ts';
import { startPool } from '../support/worker-pool.ts';

const NEVER = new URL('data:text/javascript,throw new Error("it does not load")');

test('the main thread reads single pages while the interactive thread is not there', async () => {
  await using site = await startSite({ '/': page('Here', 'text') });
  await using receiver = await startReceiver();
  await using service = await startTestService({ ROLES: 'web,dispatcher' });
  await using pool = await startPool(service.context, { script: NEVER });
  const url = site.url('/');
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => await service.api('POST', '/v1/scrape', { url })),
  );
  assert.deepEqual(new Set(answers.map(({ json }) => json.status)), new Set(['ok']));
  const job = await service.api.queue('/v1/scrape/async', { url, webhook_url: receiver.url() });
  assert.equal((await service.api.finished(job)).status, 'completed');
  await eventually(() => receiver.callbacks.length === 1);
  assert.equal(pool.underWay, 0);
});

test('a page that comes alone starts no thread, and pages that keep coming start one', async () => {
  await using site = await startSite({ '/': page('Here', 'text') });
  await using service = await startTestService({ ROLES: 'web' });
  await using _ = await startPool(service.context, { script: NEVER });
  const scrape = async () => {
    const { json } = await service.api('POST', '/v1/scrape', { url: site.url('/') });
    assert.equal(json.status, 'ok');
  };
  const logged = (text: string) => service.logs.filter(({ msg }) => msg === text).length;
  await scrape();
  await eventually(() => logged('the main thread has no more pages to read') === 1);
  assert.equal(logged('worker thread failed'), 0);
  await scrape();
  await eventually(() => logged('worker thread failed') > 0);
});

test('the main thread outlives any number of empty answers', async () => {
  await using site = await startSite({ '/1': '', '/2': '', '/3': '' });
  await using service = await startTestService({ ROLES: 'web' });
  await using _ = await startPool(service.context, { script: NEVER });
  for (const path of ['/1', '/2', '/3']) {
    const { json } = await service.api('POST', '/v1/scrape', { url: site.url(path) });
    assert.equal(json.status, 'ok', JSON.stringify(json.error));
  }
});

test('what may take the time of its thread waits for a thread', async () => {
  await using site = await startSite({ '/': page('Here', 'text'), '/other': page('There', 'text') });
  await using service = await startTestService({ ROLES: 'web' });
  const ask = {
    batch: { urls: [site.url('/'), site.url('/other')] },
    map: { url: site.url('/') },
  };
  const broken = async () => {
    await using _ = await startPool(service.context, { script: NEVER });
    const batch = service.api('POST', '/v1/scrape/batch', ask.batch);
    const map = service.api('POST', '/v1/map', ask.map);
    // Longer than the main thread waits between two looks.
    await sleep(1500);
    assert.equal(site.requests.length, 0);
    return { batch, map };
  };
  const { batch, map } = await broken();
  await using _ = await startPool(service.context);
  assert.equal((await batch).json.pages.length, 2);
  assert.equal((await map).json.status, 'ok');
});

test('a job that is cancelled while the main thread fetches its page is let go', async () => {
  await using site = await startSite();
  const held = gate(page('Here', 'text'));
  site.routes.set('/', held.route);
  await using service = await startTestService({ ROLES: 'web' });
  await using pool = await startPool(service.context, { script: NEVER });
  const job = await service.api.queue('/v1/scrape/async', { url: site.url('/') });
  await held.entered;
  assert.equal(pool.underWay, 1);
  await service.api('POST', `/v1/jobs/${job}/cancel`);
  await eventually(() => pool.underWay === 0);
  held.open();
});
