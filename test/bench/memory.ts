// What the service takes of a machine with 512 MB: its resident memory with all its readers (idle,
// after a page, under hostile pages, and ten seconds later), how soon it is ready, and its first
// page when idle. All roles in one process, on a Postgres beside it. Run: node test/bench/memory.ts
// [--idle: waits until its threads have ended, too]
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbedded } from '../../src/database/embedded/server.ts';
import { createLog } from '../../src/log.ts';
import { HOSTILE_PAGES } from '../limits/hostile/pages/index.ts';
import type { HostilePage } from '../limits/hostile/pages/page.ts';
import { familyMiB } from '../support/measure/resident.ts';
import { listen } from '../support/net/listen.ts';
import { startProcess, type ServiceProcess } from '../support/process.ts';
import { eventually } from '../support/wait.ts';
import { report } from './support/figures.ts';

const KEY = 'ok_benchmark_key_1234567890';
const SAMPLE_MS = 50;
const SETTLED_MS = 10_000;
/** Longer than a thread stays without work. */
const IDLE_MS = 135_000;
/** One page of each way to take memory. */
const HOSTILE = [
  'a PDF whose content inflates to 900 MB',
  'a million nested elements',
  'nine megabytes of links',
  'nested tables',
];

await using stack = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), 'ollagraph-bench-'));
stack.defer(() => rm(directory, { recursive: true, force: true }));
const postgres = await startEmbedded(directory, createLog('warn'));
stack.defer(() => postgres.close());
const site = createServer((req, res) => {
  const page = hostilePage(decodeURIComponent(req.url!.slice(1)));
  res.setHeader('content-type', page?.type ?? 'text/html');
  res.end(page?.body() ?? `<title>t</title><main>${'<p>Some words of a page.</p>'.repeat(100)}</main>`);
});
const origin = `http://127.0.0.1:${await listen(site)}`;
stack.defer(() => void site.close());

await stop((await start()).service); // it migrates, and leaves compiled code
const { service, url, readyMs } = await start();
stack.defer(() => stop(service));
report('npm start to ready, the database there', ms(readyMs), { text: '≤ 1500 ms', met: readyMs <= 1500 });
await sleep(SETTLED_MS);
await reportIdle('idle after the start');
await reportFirstPage();
await scrape('/');
report('after pages', mib(await familyMiB(service.pid)));

await sleep(SETTLED_MS);
const before = await familyMiB(service.pid);
for (const name of HOSTILE) {
  const peak = await peakWhile(scrape(`/${encodeURIComponent(name)}`));
  report(`peak: ${name}`, mib(peak), { text: '≤ 512 MiB', met: peak <= 512 });
}
await sleep(SETTLED_MS);
const left = (await familyMiB(service.pid)) - before;
report('ten seconds later, more than before', mib(left), { text: '≤ 64 MiB', met: left <= 64 });

if (process.argv.includes('--idle')) {
  await sleep(IDLE_MS);
  await reportIdle('idle again');
  await reportFirstPage();
}

async function start(): Promise<{ service: ServiceProcess; url: string; readyMs: number }> {
  const begun = performance.now();
  const started = startProcess({
    DATABASE_URL: postgres.url,
    OLLAGRAPH_API_KEY: KEY,
    FREE_CREDITS: '1000000',
    ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
  });
  const address = `http://127.0.0.1:${await started.ready()}`;
  await eventually(async () => (await fetch(`${address}/readyz`)).ok);
  return { service: started, url: address, readyMs: performance.now() - begun };
}

async function stop(running: ServiceProcess): Promise<void> {
  running.kill('SIGTERM');
  await running.exited;
}

function hostilePage(name: string): HostilePage | undefined {
  return Object.values(HOSTILE_PAGES)
    .map((pages) => pages[name])
    .find(Boolean);
}

async function scrape(path: string): Promise<number> {
  const begun = performance.now();
  const response = await fetch(`${url}/v1/scrape`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: origin + path }),
  });
  await response.text();
  return performance.now() - begun;
}

async function reportFirstPage(): Promise<void> {
  const took = await scrape('/');
  report('the first page after that', ms(took), { text: '≤ 300 ms', met: took <= 300 });
}

async function reportIdle(what: string): Promise<void> {
  const now = await familyMiB(service.pid);
  report(what, mib(now), { text: '≤ 150 MiB', met: now <= 150 });
}

async function peakWhile(work: Promise<unknown>): Promise<number> {
  const state = { over: false };
  void work.finally(() => (state.over = true));
  let peak = 0;
  while (!state.over) {
    peak = Math.max(peak, await familyMiB(service.pid));
    await sleep(SAMPLE_MS);
  }
  await work;
  return peak;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function mib(value: number): string {
  return `${value.toFixed(0)} MiB`;
}
