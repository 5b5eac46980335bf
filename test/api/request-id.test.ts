import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { createApi } from '../support/api.ts';
import { createTestDatabase } from '../support/database.ts';
import { listen } from '../support/listen.ts';
import { startReceiver } from '../support/receiver.ts';
import { page, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

const KEY = 'ok_test_key_of_a_process';

/** Runs the service as a process of its own: worker threads log to its standard output. */
async function startLogged(databaseUrl: string) {
  const placeholder = createServer();
  const port = await listen(placeholder);
  await new Promise((closed) => placeholder.close(closed));
  const child = spawn(process.execPath, ['src/main.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      OLLAGRAPH_API_KEY: KEY,
      ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
      ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
      WORKER_THREADS: '1',
      LOG_LEVEL: 'debug',
    },
  });
  const logs: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) logs.push(JSON.parse(line));
  });
  const api = createApi(`http://127.0.0.1:${port}`, KEY);
  await eventually(async () => (await api('GET', '/readyz')).status === 200);
  return {
    api,
    logs,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

test('one id leads from the request through job and page to the delivery', async () => {
  await using database = await createTestDatabase();
  await using receiver = await startReceiver();
  await using site = await startSite({ '/': page('Home', 'Hello.', ['/gone']) });
  await using service = await startLogged(database.url);
  const lines = (id: string) => service.logs.filter((line) => line.request_id === id).map((line) => line.msg);

  const batch = { urls: [site.url('/'), 'http://127.0.0.1:1/'], webhook_url: receiver.url() };
  const id = await service.api.queue('/v1/scrape/batch/async', batch, { 'x-request-id': 'my-batch' });
  const wanted = ['request', 'job created', 'a page failed', 'job ended', 'attempt recorded'];
  await eventually(() => wanted.every((msg) => lines('my-batch').includes(msg)));

  const { delivery } = (await service.api('GET', `/v1/jobs/${id}`)).json;
  await service.api('POST', `/v1/deliveries/${delivery.id}/redeliver`);
  await eventually(() => lines('my-batch').filter((msg) => msg === 'attempt recorded').length === 2);

  const crawl = { url: site.url('/'), webhook_url: receiver.url('/crawl'), sitemap: 'skip' };
  await service.api.queue('/v1/crawl', crawl, { 'x-request-id': 'my-crawl' });
  await eventually(() =>
    ['job created', 'job ended', 'attempt recorded'].every((msg) => lines('my-crawl').includes(msg)),
  );

  await service.api(
    'POST',
    '/v1/me/webhooks/test',
    { webhook_url: receiver.url('/test') },
    { 'x-request-id': 'my-test' },
  );
  await eventually(() => lines('my-test').includes('attempt recorded'));

  await fetch(`${service.api.origin}/console/sign-in`);
  await eventually(() => service.logs.some(({ path }) => path === '/console/sign-in'));
});
