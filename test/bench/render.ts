// Pages of an application of Vue, rendered: this service with everything stored in Postgres, and
// Crawlee's PlaywrightCrawler with turndown and its memory storage, with the same Chromium and as
// many pages at once, in turns. Then the service's memory after 100 pages and after 1,000, and what
// a batch that renders leaves to one that does not.
// Run: node test/bench/render.ts [pages] [rounds] [--compare] [--memory] [--beside]
// Without a choice all three are measured.
// CHROMIUM_PATH names another browser.
import { setTimeout as sleep } from 'node:timers/promises';
import { BROWSER } from '../support/browser/browser.ts';
import { quantile } from '../support/measure/quantile.ts';
import { familyMiB } from '../support/measure/resident.ts';
import { startAppSite } from './support/app-site.ts';
import { installCompetitors } from './support/competitors.ts';
import { runContestant, type CostedOutcome, type Outcome } from './support/crawlers.ts';
import { familyCpuMs } from './support/cpu.ts';
import { report } from './support/figures.ts';
import { watchMemory } from '../support/measure/watch-memory.ts';
import { startService, type BenchService } from './support/service.ts';
import { startSite } from './support/site.ts';

const sizes = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const [pages = 100, rounds = 3] = sizes.map(Number);
/** For the pages of one contestant. */
const LIMIT_MS = 10 * 60_000;
/** What a page leaves is given back by then. */
const SETTLED_MS = 5000;
/** Enough for some seconds. */
const PLAIN_PAGES = 5000;

const PARTS = { '--compare': compare, '--memory': compareMemory, '--beside': compareBeside };
const chosen = Object.entries(PARTS).filter(([flag]) => process.argv.includes(flag));

installCompetitors();
await using apps = await startAppSite();
await using site = await startSite();
for (const part of chosen.length > 0 ? chosen.map(([, run]) => run) : Object.values(PARTS)) await part();

async function compare(): Promise<void> {
  const outcomes: Record<'service' | 'crawlee', CostedOutcome[]> = { service: [], crawlee: [] };
  for (let round = 0; round < rounds; round++) {
    outcomes.service.push(await renderByService());
    outcomes.crawlee.push(await runContestant('playwright', `${apps.url}/?`, pages, LIMIT_MS));
  }
  for (const [name, all] of Object.entries(outcomes)) {
    if (all.some((outcome) => outcome.pages !== pages)) throw new Error(`${name} did not read all pages`);
    const each = all.map(rate).map((n) => n.toFixed(2));
    const peaks = all.map(({ peakMb }) => peakMb.toFixed(0));
    report(`${name}: pages a second (rounds: ${each.join(', ')})`, median(all.map(rate)).toFixed(2));
    const cpu = median(all.map(({ cpuMs }) => cpuMs / pages));
    report(`${name}: CPU a page`, `${cpu.toFixed(0)} ms`);
    report(`${name}: memory at most (rounds: ${peaks.join(', ')})`, `${median(all.map(peak)).toFixed(0)} MB`);
  }
  const faster = median(outcomes.service.map(rate)) / median(outcomes.crawlee.map(rate));
  const larger = median(outcomes.service.map(peak)) / median(outcomes.crawlee.map(peak));
  report('service to crawlee, pages a second', faster.toFixed(2), { text: '≥ 1.3', met: faster >= 1.3 });
  report('service to crawlee, memory', larger.toFixed(2));
}

function listed(rates: number[]): string {
  return rates.map((n) => n.toFixed(0)).join(', ');
}

function rate(outcome: Outcome): number {
  return outcome.pages / outcome.seconds;
}
function peak({ peakMb }: Outcome): number {
  return peakMb;
}
function median(numbers: number[]): number {
  return quantile(numbers, 0.5);
}

async function start(): Promise<BenchService> {
  return await startService({ env: { CHROMIUM_PATH: process.env.CHROMIUM_PATH ?? BROWSER } });
}

/** Renders so many pages, and returns the seconds. */
async function render(service: BenchService, count: number): Promise<number> {
  const urls = Array.from({ length: count }, (_, n) => `${apps.url}/?${n}`);
  return await seconds(service, { urls, render: true });
}

async function seconds(service: BenchService, body: object): Promise<number> {
  const { job_id } = await service.call('POST', '/v1/scrape/batch/async', body);
  const job = await service.finished(job_id, LIMIT_MS);
  if (job.succeeded !== job.total) throw new Error(`${job.total - job.succeeded} pages failed`);
  return (Date.parse(job.finished_at) - Date.parse(job.created_at)) / 1000;
}

async function renderByService(): Promise<CostedOutcome> {
  await using service = await start();
  using memory = watchMemory(service.pid, { measure: familyMiB });
  const cpuBefore = await familyCpuMs(service.pid);
  const taken = await render(service, pages);
  const cpuMs = (await familyCpuMs(service.pid)) - cpuBefore;
  return { pages, seconds: taken, peakMb: memory.peakMiB, cpuMs };
}

async function compareMemory(): Promise<void> {
  await using service = await start();
  const after = async (count: number) => {
    await render(service, count);
    await sleep(SETTLED_MS);
    return await familyMiB(service.pid);
  };
  const [few, many] = [await after(100), await after(900)];
  report('memory after 100 pages', `${few.toFixed(0)} MB`);
  const met = many <= 1.1 * few;
  report('memory after 1,000 pages', `${many.toFixed(0)} MB`, { text: '≤ 1.1 × that', met });
}

/** A batch that renders nothing, alone and beside one that goes on rendering, in turns. */
async function compareBeside(): Promise<void> {
  await using service = await start();
  const urls = Array.from({ length: PLAIN_PAGES }, (_, n) => `${site.url}/page/${n}`);
  await seconds(service, { urls });
  const alone: number[] = [];
  const beside: number[] = [];
  const rendering: number[] = [];
  for (let round = 0; round < rounds; round++) {
    alone.push(PLAIN_PAGES / (await seconds(service, { urls })));
    const rendered = Array.from({ length: 1000 }, (_, n) => `${apps.url}/?${n}`);
    const { job_id } = await service.call('POST', '/v1/scrape/batch/async', { urls: rendered, render: true });
    const done = async (): Promise<number> =>
      (await service.call('GET', `/v1/jobs/${job_id}?result=false`)).succeeded;
    while ((await done()) < 5) await sleep(50);
    const before = await done();
    const taken = await seconds(service, { urls });
    beside.push(PLAIN_PAGES / taken);
    rendering.push(((await done()) - before) / taken);
    await service.call('POST', `/v1/jobs/${job_id}/cancel`);
    await service.finished(job_id, LIMIT_MS);
  }
  const kept = median(beside) / median(alone);
  report(`fetched alone, pages a second (rounds: ${listed(alone)})`, median(alone).toFixed(0));
  report(`beside a rendering batch (rounds: ${listed(beside)})`, median(beside).toFixed(0));
  report('rendered meanwhile, pages a second', median(rendering).toFixed(1));
  report('beside to alone', kept.toFixed(2), { text: '≥ 0.9', met: kept >= 0.9 });
}
