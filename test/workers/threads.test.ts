import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { test } from 'node:test';
import { childrenOf } from '../support/measure/resident.ts';
import { startTestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';
import { startPool } from '../support/worker-pool.ts';

const THREAD = new URL('../../src/workers/pool/thread.ts', import.meta.url);

test("a thread starts with its lane's first work, ends when idle, and starts again", async () => {
  await using site = await startSite({ '/': page('Here', 'text'), '/other': page('There', 'text') });
  await using service = await startTestService({ ROLES: 'web' });
  await using pool = await startPool(service.context, { idleMs: 200 });
  const logged = (text: string) => service.logs.filter(({ msg }) => String(msg).includes(text));
  const ended = () => logged('idle worker thread has ended');
  for (const round of [1, 2]) {
    const urls = [site.url('/'), site.url('/other')];
    const { json } = await service.api('POST', '/v1/scrape/batch', { urls });
    assert.equal(json.succeeded, 2);
    await eventually(() => ended().length === round && logged('has taken over').length === round);
  }
  assert.deepEqual(new Set(ended().map(({ lane }) => lane)), new Set(['interactive']));
  assert.equal(pool.healthy, true);
});

test('a thread outlives any number of empty answers', async () => {
  await using site = await startSite();
  for (const n of [1, 2, 3]) site.routes.set(`/${n}`, '');
  await using service = await startTestService({ ROLES: 'web' });
  await using _ = await startPool(service.context);
  const urls = [1, 2, 3].map((n) => site.url(`/${n}`));
  const job = await service.api.finished(await service.api.queue('/v1/scrape/batch/async', { urls }));
  assert.equal(job.succeeded, 3);
  const failures = service.logs.filter(({ msg }) => msg === 'worker thread failed');
  assert.equal(failures.length, 0);
});

test(
  'the readers of a thread that dies end, and are no zombies; its page is read by the next',
  { skip: platform() !== 'linux' },
  async () => {
    await using site = await startSite();
    const slow = `<main>${'<p>a</p>'.repeat(20_000)}</main>`;
    site.routes.set('/', slow);
    await using service = await startTestService({ ROLES: 'web' });
    const channel = new BroadcastChannel('deaths of worker threads');
    const script = `new BroadcastChannel('${channel.name}').onmessage = () => process.exit(1);
      await import(${JSON.stringify(THREAD.href)});`;
    {
      await using _ = await startPool(service.context, {
        script: new URL(`data:text/javascript,${encodeURIComponent(script)}`),
      });
      // In the bulk lane: in the other one, the main thread stands in for a thread that starts.
      const job = await service.api.queue('/v1/scrape/batch/async', {
        urls: [site.url('/')],
        exclude_selectors: ['p:has(+ q)'],
      });
      const readers = await eventually(async () => {
        const found = site.requests.length > 0 ? await readersOfThis() : [];
        return found.length > 0 && found;
      });
      site.routes.set('/', page('Here', 'text'));
      channel.postMessage('now');
      channel.close();
      assert.equal((await service.api.finished(job)).status, 'completed');
      await eventually(() => readers.every((pid) => !existsSync(`/proc/${pid}`)));
    }
    assert.deepEqual(await childrenOf(process.pid), []);
  },
);

async function readersOfThis(): Promise<number[]> {
  const found = [];
  for (const pid of await childrenOf(process.pid)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes('reading/child/reader.ts')) found.push(pid);
  }
  return found;
}
