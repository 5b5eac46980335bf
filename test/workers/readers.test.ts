import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ReaderProcess } from '../../src/workers/reading/reader-process.ts';
import { createApi } from '../support/api.ts';
import { createTestDatabase } from '../support/database.ts';
import { testRun } from '../support/environment.ts';
import { startProcess } from '../support/process.ts';
import { page, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

const KEY = 'ok_test_key_of_the_readers';
const SECRET = 'a secret that no reader may see';

/**
 * The readers that processes of this group have started: by command line, so that orphans are found
 * too.
 */
async function readersOf(groupId: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [command, stat] = await Promise.all(
        ['cmdline', 'stat'].map(
          async (file) => await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => ''),
        ),
      );
      const [state, , group] = stat!.slice(stat!.lastIndexOf(')') + 2).split(' ');
      return command!.includes('reading/child/reader.ts') && Number(group) === groupId && state !== 'Z'
        ? [pid]
        : [];
    }),
  );
  return found.flat();
}

test(
  'a reader knows no secret, outlives a signal to all, and ends with the service',
  { skip: platform() !== 'linux' },
  async () => {
    await using database = await createTestDatabase();
    await using site = await startSite({ '/': page('Here', 'text') });
    // Reading it takes longer than the test: only its reader's own watch can end it.
    site.routes.set('/slow', `<main>${'<p>a</p>'.repeat(20_000)}</main>`);
    await using service = startProcess({
      DATABASE_URL: database.url,
      OLLAGRAPH_API_KEY: KEY,
      SECRET_KEY: SECRET,
      ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    });
    const api = createApi(`http://127.0.0.1:${await service.ready()}`, KEY);
    assert.equal((await api('POST', '/v1/scrape', { url: site.url('/') })).json.status, 'ok');
    const [reader] = await readersOf(service.pid);
    const environment = await readFile(`/proc/${reader!}/environ`, 'utf8');
    for (const secret of [SECRET, KEY, database.url]) assert.ok(!environment.includes(secret));

    process.kill(reader!, 'SIGINT');
    process.kill(reader!, 'SIGTERM');
    assert.equal((await api('POST', '/v1/scrape', { url: site.url('/') })).json.status, 'ok');
    assert.deepEqual(await readersOf(service.pid), [reader]);

    await api.queue('/v1/scrape/async', { url: site.url('/slow'), exclude_selectors: ['p:has(+ q)'] });
    await eventually(() => site.requests.some(({ path }) => path === '/slow'));
    process.kill(service.pid, 'SIGKILL');
    await service.exited;
    await eventually(async () => (await readersOf(service.pid)).length === 0);
  },
);

test('a reader that was told to end takes no other page, though it is still there', async () => {
  const reader = new ReaderProcess({ compileCache: join(testRun().directory, 'compiled'), niceness: 0 });
  assert.ok(reader.reusable);
  reader[Symbol.dispose]();
  assert.ok(!reader.reusable);
  await reader.exited;
});
