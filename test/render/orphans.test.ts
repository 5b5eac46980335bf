import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { createApi } from '../support/api.ts';
import { CHROMIUM, noBrowser } from '../support/browser/browser.ts';
import { createTestDatabase } from '../support/database.ts';
import { startProcess, type ServiceProcess } from '../support/process.ts';
import { gate, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

const KEY = 'ok_orphans_0123456789abcdef';
const READABLE = '<main><h1>There</h1><p>A page that is there once its server lets it go.</p></main>';

/** A process and its descendants, the process first. */
async function family(root: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z 0');
      return [Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const;
    }),
  );
  const found = [root];
  for (const pid of found) found.push(...parents.flatMap(([child, of]) => (of === pid ? [child] : [])));
  return found;
}

/**
 * With which niceness a process meets others: that of its session where the system groups processes
 * by it, or else its own.
 */
async function nicenessOf(pid: number): Promise<number> {
  const group = await readFile(`/proc/${pid}/autogroup`, 'utf8').catch(() => '');
  return group === '' ? getPriority(pid) : Number(/nice (-?\d+)/.exec(group)![1]);
}

async function isGone(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return status === '' || status.slice(status.lastIndexOf(')') + 2).startsWith('Z');
}

/** The processes of the service's latest browser, and the folder with its files. */
async function latestBrowser(service: ServiceProcess): Promise<{ pids: number[]; directory: string }> {
  const [, pid] = [...service.output().matchAll(/"browser_pid":(\d+)/g)].at(-1)!;
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
  return { pids: await family(Number(pid)), directory: /TMPDIR=([^\0]+)/.exec(environment)![1]! };
}

test(
  'neither a killed browser nor a killed service leaves a process or a file',
  { skip: noBrowser },
  async () => {
    await using database = await createTestDatabase();
    const [first, second] = [gate(READABLE), gate(READABLE)];
    await using site = await startSite({ '/first': first.route, '/second': second.route });
    await using service = startProcess({
      DATABASE_URL: database.url,
      OLLAGRAPH_API_KEY: KEY,
      ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
      CHROMIUM_PATH: CHROMIUM,
      WORKER_THREADS: '1',
    });
    const api = createApi(`http://127.0.0.1:${await service.ready()}`, KEY);

    const job = await api.queue('/v1/scrape/async', { url: site.url('/first'), render: true });
    await first.entered;
    const killed = await latestBrowser(service);
    assert.ok(killed.pids.length > 3, 'the browser has processes of its own');
    assert.deepEqual(new Set(await Promise.all(killed.pids.map(nicenessOf))), new Set([5]));
    process.kill(killed.pids[0]!, 'SIGKILL');
    first.open();
    const { status, result } = await api.finished(job);
    assert.equal(status, 'completed');
    assert.match(result.markdown, /once its server lets it go/);
    await eventually(async () => (await Promise.all(killed.pids.map(isGone))).every(Boolean));
    await eventually(() => !existsSync(killed.directory));

    await api.queue('/v1/scrape/async', { url: site.url('/second'), render: true });
    await second.entered;
    const orphaned = await latestBrowser(service);
    process.kill(service.pid, 'SIGKILL');
    await eventually(async () => (await Promise.all(orphaned.pids.map(isGone))).every(Boolean));
    await eventually(() => !existsSync(orphaned.directory));
    second.open();
  },
);
