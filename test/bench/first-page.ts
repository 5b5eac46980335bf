// How long the first page takes when nothing is ready for it, and the next one; and the memory
// before. In turn on a service that has just started, and on one whose threads have ended for want
// of work. Run: node test/bench/first-page.ts [rounds] [--idle: on the second kind, which takes
// three minutes a round]
import { createServer } from 'node:http';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../support/measure/quantile.ts';
import { familyMiB } from '../support/measure/resident.ts';
import { listen } from '../support/net/listen.ts';
import { eventually } from '../support/wait.ts';
import { report } from './support/figures.ts';
import { startService, type BenchService } from './support/service.ts';

const PAGE = `<title>t</title><main>${'<p>Some words of a page.</p>'.repeat(100)}</main>`;
/** Until the memory of the start has been given back. */
const SETTLED_MS = 10_000;
/** Longer than threads and readers stay without work. */
const IDLE_LIMIT_MS = 180_000;

const rounds = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 10);
const site = createServer((_req, res) => res.setHeader('content-type', 'text/html').end(PAGE));
const origin = `http://127.0.0.1:${await listen(site)}`;

const first: number[] = [];
const next: number[] = [];
const memory: number[] = [];
if (process.argv.includes('--idle')) await afterIdle();
else for (let round = 0; round < rounds; round++) await afterStart();
site.closeAllConnections();
site.close();

const ms = (value: number) => `${value.toFixed(0)} ms`;
const mib = (value: number) => `${value.toFixed(0)} MiB`;
const [middle, longest, most] = [quantile(first, 0.5), Math.max(...first), Math.max(...memory)];
report(`first page, median of ${rounds}`, ms(middle), { text: '≤ 300 ms', met: middle <= 300 });
report('first page, the longest', ms(longest));
report('next page, median', ms(quantile(next, 0.5)));
report('memory before it, median', mib(quantile(memory, 0.5)));
report('memory before it, the most', mib(most), { text: '≤ 150 MiB', met: most <= 150 });

async function afterStart(): Promise<void> {
  await using service = await startService();
  await sleep(SETTLED_MS);
  await measure(service);
}

async function afterIdle(): Promise<void> {
  await using service = await startService();
  await sleep(SETTLED_MS);
  const without = await tasksOf(service);
  await scrape(service);
  for (let round = 0; round < rounds; round++) {
    await eventually(async () => (await tasksOf(service)) <= without, IDLE_LIMIT_MS);
    await sleep(SETTLED_MS);
    await measure(service);
  }
}

async function measure(service: BenchService): Promise<void> {
  memory.push(await familyMiB(service.pid));
  first.push(await scrape(service));
  next.push(await scrape(service));
}

async function scrape(service: BenchService): Promise<number> {
  const begun = performance.now();
  const { status } = await service.call('POST', '/v1/scrape', { url: `${origin}/${begun}` });
  if (status !== 'ok') throw new Error(`the page is ${status}`);
  return performance.now() - begun;
}

/** The number of the threads of a service. */
async function tasksOf({ pid }: BenchService): Promise<number> {
  return (await readdir(`/proc/${pid}/task`)).length;
}
