import { test } from 'node:test';
import { createApi } from '../support/api.ts';
import { createTestDatabase } from '../support/database.ts';
import { startProcess } from '../support/process.ts';
import { startReceiver } from '../support/receiver.ts';
import { page, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

const KEY = 'ok_test_key_of_a_process';

/**
 * Starts the service as a process of its own, whose output has the logs of its worker threads, too.
 */
async function startLogged(databaseUrl: string) {
  const service = startProcess({
    DATABASE_URL: databaseUrl,
    OLLAGRAPH_API_KEY: KEY,
    ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
    WORKER_THREADS: '1',
    LOG_LEVEL: 'debug',
  });
  const api = createApi(`http://127.0.0.1:${await service.ready()}`, KEY);
  return {
    api,
    logs(): Record<string, unknown>[] {
      const lines = service.output().split('\n');
      return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

test('one id leads from the request through job and page to the delivery', async () => {
  await using database = await createTestDatabase();
  await using receiver = await startReceiver();
  await using site = await startSite({ '/': page('Home', 'Hello.', ['/gone']) });
  await using service = await startLogged(database.url);
  const lines = (id: string) =>
    service
      .logs()
      .filter((line) => line.request_id === id)
      .map((line) => line.msg);

  const batch = { urls: [site.url('/'), 'http://127.0.0.1:1/'], webhook_url: receiver.url() };
  const id = await service.api.queue('/v1/scrape/batch/async', batch, { 'x-request-id': 'my-batch' });
  const wanted = ['request', 'job created', 'page failed', 'job ended', 'delivery accepted'];
  await eventually(() => wanted.every((msg) => lines('my-batch').includes(msg)));

  const { delivery } = (await service.api('GET', `/v1/jobs/${id}`)).json;
  await service.api('POST', `/v1/deliveries/${delivery.id}/redeliver`);
  await eventually(() => lines('my-batch').filter((msg) => msg === 'delivery accepted').length === 2);

  const crawl = { url: site.url('/'), webhook_url: receiver.url('/crawl'), sitemap: 'skip' };
  await service.api.queue('/v1/crawl', crawl, { 'x-request-id': 'my-crawl' });
  await eventually(() =>
    ['job created', 'job ended', 'delivery accepted'].every((msg) => lines('my-crawl').includes(msg)),
  );

  await service.api(
    'POST',
    '/v1/me/webhooks/test',
    { webhook_url: receiver.url('/test') },
    { 'x-request-id': 'my-test' },
  );
  await eventually(() => lines('my-test').includes('delivery accepted'));

  await fetch(`${service.api.origin}/console/sign-in`);
  await eventually(() => service.logs().some(({ path }) => path === '/console/sign-in'));
});
