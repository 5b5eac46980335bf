// What the service's crawl is compared with, each in a process of its own. Forked by runContestant.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'undici';
import { extract } from '../../../src/scrape/extract.ts';
import { familyMiB } from '../../support/measure/resident.ts';
import { familyCpuMs } from './cpu.ts';
import { watchMemory } from '../../support/measure/watch-memory.ts';

export type Contestant = 'crawlee' | 'playwright' | 'bare';

/**
 * Crawls from `start` and resolves with the number of pages stored, `concurrency` requests at once.
 */
export type Crawl = (start: string, pages: number, concurrency: number) => Promise<number>;

export interface Outcome {
  pages: number;
  seconds: number;
  /** The most memory of the process and those that it started, in MB of 2^20 bytes. */
  peakMb: number;
}

/** An outcome with the CPU milliseconds of the same processes. */
export type CostedOutcome = Outcome & { cpuMs: number };

/**
 * As many requests side by side as the service has to one host by default, and pages in a browser.
 */
const SIDE_BY_SIDE = { crawlee: 8, bare: 8, playwright: 2 };
/** Imported by address: its packages are installed by the benchmark, not by the project. */
const competitor = (name: string): string => new URL(`../competitors/${name}.ts`, import.meta.url).href;
const OPTIONS = {
  formats: ['markdown' as const],
  only_main_content: true,
  include_selectors: [],
  exclude_selectors: [],
};

if (process.send && process.argv[2] === 'crawl') {
  const [name, start, pages] = process.argv.slice(3);
  const contestant = name as Contestant;
  const crawl: Crawl = contestant === 'bare' ? bare : (await import(competitor(contestant)))[contestant];
  const begun = performance.now();
  const done = await crawl(start!, Number(pages), SIDE_BY_SIDE[contestant]);
  process.send({ pages: done, seconds: (performance.now() - begun) / 1000 });
}

/**
 * Crawls from `start` along links to `.html` on the same host, or renders the pages whose addresses
 * begin with `start`. Throws where that takes longer than `limitMs`.
 */
export async function runContestant(
  contestant: Contestant,
  start: string,
  pages: number,
  limitMs: number,
): Promise<CostedOutcome> {
  const child = fork(import.meta.filename, ['crawl', contestant, start, String(pages)]);
  using memory = watchMemory(child.pid!, { measure: familyMiB });
  try {
    const [outcome] = await once(child, 'message', { signal: AbortSignal.timeout(limitMs) });
    return { ...outcome, peakMb: memory.peakMiB, cpuMs: await familyCpuMs(child.pid!) };
  } finally {
    child.kill();
  }
}

async function bare(start: string, pages: number, concurrency: number): Promise<number> {
  const agent = new Agent({ connections: concurrency });
  const { host } = new URL(start);
  const known = new Set([start]);
  const queue = [start];
  let next = 0;
  let active = 0;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const visit = async (url: string) => {
    const { statusCode, headers, body } = await agent.request({ ...originOf(url), method: 'GET' });
    const bytes = Buffer.from(await body.arrayBuffer());
    const page = { url, status: statusCode, contentType: String(headers['content-type']), body: bytes };
    const { discovered } = await extract(page, OPTIONS);
    for (const link of discovered) {
      const target = new URL(link.url);
      target.hash = '';
      if (known.size === pages || target.host !== host || !target.pathname.endsWith('.html')) continue;
      if (known.has(target.href)) continue;
      known.add(target.href);
      queue.push(target.href);
    }
  };
  const pump = () => {
    while (active < concurrency && next < queue.length) {
      active++;
      visit(queue[next++]!).then(() => {
        active--;
        pump();
      }, reject);
    }
    if (active === 0) resolve(next);
  };
  pump();
  const done = await promise;
  await agent.close();
  return done;
}

function originOf(url: string): { origin: string; path: string } {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search };
}
