import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createApi, type Api } from '../support/api.ts';
import { createTestDatabase } from '../support/database.ts';
import { startProcess, type ServiceProcess } from '../support/process.ts';
import { startReceiver } from '../support/receiver.ts';
import { page, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

const KEY = 'ok_test_key_of_some_length';
const MAX_JOBS = 50;

/** At each point, and the number of the attempt that arrives after the crash there. */
const POINTS = [
  ['delivery.begin', 1],
  ['delivery.begun', 2],
  ['delivery.handed', 2],
] as const;

async function apiOf(service: ServiceProcess): Promise<Api> {
  return createApi(`http://127.0.0.1:${await service.ready()}`, KEY);
}

// Each waits for a lease to end, on a database of its own.
describe('a delivery when a process is killed', { concurrency: true }, () => {
  for (const [point, attempt] of POINTS) {
    test(`killed at ${point}, its callback arrives once, as attempt ${attempt}`, async () => {
      await using site = await startSite({ '/': page('Here', 'text') });
      await using receiver = await startReceiver();
      await using database = await createTestDatabase();
      const env = {
        DATABASE_URL: database.url,
        OLLAGRAPH_API_KEY: KEY,
        ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
        ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
        WORKER_THREADS: '1',
      };
      await using doomed = startProcess({ ...env, CRASH_POINT: point });
      const api = await apiOf(doomed);
      const body = { url: site.url('/'), webhook_url: receiver.url() };
      // Not every delivery is born leased, such as one that falls due beside a look at the outbox.
      for (let n = 1; n <= MAX_JOBS && doomed.alive(); n++) {
        await api.queue('/v1/scrape/async', body).catch(() => {}); // killed before it could answer
        await eventually(() => !doomed.alive() || receiver.callbacks.length === n);
      }
      assert.equal(await doomed.exited, 'SIGKILL');
      const jobsOf = () =>
        receiver.callbacks.map((sent) => JSON.parse(sent.body.toString()).job_id as string);
      const before = new Set(jobsOf());

      await using next = startProcess(env);
      const after = await apiOf(next);
      const jobs: { job_id: string }[] = (await after('GET', '/v1/jobs?limit=100')).json.data;
      await receiver.received(jobs.length);
      const lost = jobs.filter(({ job_id }) => !before.has(job_id));
      assert.equal(lost.length, 1);
      const delivery = await eventually(async () => {
        const [found] = (await after('GET', `/v1/deliveries?job_id=${lost[0]!.job_id}`)).json.data;
        return found?.status === 'delivered' ? found : null;
      });
      assert.equal(delivery.attempts, attempt);
      assert.equal(receiver.callbacks.length, jobs.length, 'nothing was sent twice');
      assert.equal(new Set(jobsOf()).size, jobs.length, 'nothing was lost');
      assert.equal(receiver.callbacks.at(-1)!.headers['x-ollagraph-attempt'], String(attempt));
    });
  }
});
