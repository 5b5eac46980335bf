import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createApi } from '../support/api.ts';
import { createTestDatabase } from '../support/database.ts';
import { startProcess } from '../support/process.ts';
import { startReceiver } from '../support/receiver.ts';
import { page, startSite } from '../support/site.ts';

const KEY = 'ok_test_key_of_some_length';
const PUBLIC_URL = 'https://scrape.example.com';

// Each waits for a lease to end, on a database of its own.
describe('a link when a process is killed', { concurrency: true }, () => {
  for (const point of ['delivery.link', 'delivery.linked', 'delivery.sent'] as const) {
    test(`killed at ${point}, one delivery links to the pages, with the bytes that were stored`, async () => {
      await using site = await startSite({ '/': page('Here', 'text') });
      await using receiver = await startReceiver();
      await using database = await createTestDatabase();
      const env = {
        DATABASE_URL: database.url,
        OLLAGRAPH_API_KEY: KEY,
        PUBLIC_URL,
        ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
        ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
        WORKER_THREADS: '1',
      };
      await using doomed = startProcess({ ...env, CRASH_POINT: point });
      const api = createApi(`http://127.0.0.1:${await doomed.ready()}`, KEY);
      const body = {
        urls: [site.url('/'), site.url('/')],
        webhook_url: receiver.url(),
        webhook_payload: 'link',
      };
      await api.queue('/v1/scrape/batch/async', body).catch(() => {}); // killed before it could answer
      assert.equal(await doomed.exited, 'SIGKILL');
      const stored = await database.db.selectFrom('outbox').select(['head', 'link', 'tail']).execute();
      assert.equal(stored.length, 1);
      const { head, link, tail } = stored[0]!;
      assert.equal(link === '', point === 'delivery.link', 'stored after it was made');
      const sent = receiver.callbacks.map((callback) => callback.body.toString());
      assert.equal(sent.length, point === 'delivery.sent' ? 1 : 0);

      // Another lifetime would make another link: what was stored is what is sent.
      const { RETENTION_DAYS } = { RETENTION_DAYS: point === 'delivery.link' ? '30' : '3' };
      await using next = startProcess({ ...env, RETENTION_DAYS });
      await next.ready();
      const callbacks = await receiver.received(sent.length + 1);
      const text = callbacks.at(-1)!.body.toString();
      if (link !== '') assert.equal(text, head + link + tail);
      for (const before of sent) assert.equal(text, before);
      const { result } = JSON.parse(text) as { result: { url: string; total: number } };
      assert.equal(result.total, 2);
      const after = createApi(`http://127.0.0.1:${next.port}`, KEY);
      const lines = await after('GET', result.url.slice(PUBLIC_URL.length), undefined, { authorization: '' });
      assert.equal(lines.text.trimEnd().split('\n').length, 2);
      const { data } = (await after('GET', '/v1/deliveries')).json;
      assert.equal(data.length, 1);
    });
  }
});
