// What the service's crawl is compared with, each in a process of its own. Forked by runContestant.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { CheerioCrawler, Configuration, log } from '@crawlee/cheerio';
// @ts-expect-error -- it comes without types
import TurndownService from 'turndown';
import { Agent } from 'undici';
import { extract } from '../../../src/scrape/extract.ts';

export type Contestant = 'crawlee' | 'bare';

export interface Outcome {
  pages: number;
  seconds: number;
}

/** As many requests side by side as the service has to one host by default. */
const SIDE_BY_SIDE = 8;
const OPTIONS = {
  formats: ['markdown' as const],
  only_main_content: true,
  include_selectors: [],
  exclude_selectors: [],
};

if (process.send && process.argv[2] === 'crawl') {
  const [contestant, start, pages] = process.argv.slice(3);
  const crawl = contestant === 'bare' ? bare : crawlee;
  const begun = performance.now();
  const done = await crawl(start!, Number(pages));
  process.send({ pages: done, seconds: (performance.now() - begun) / 1000 } satisfies Outcome);
  process.disconnect();
}

/** Crawls from `start` along links to `.html` on the same host. Throws where that takes longer than `limitMs`. */
export async function runContestant(
  contestant: Contestant,
  start: string,
  pages: number,
  limitMs: number,
): Promise<Outcome> {
  const child = fork(import.meta.filename, ['crawl', contestant, start, String(pages)]);
  const [outcome] = await once(child, 'message', { signal: AbortSignal.timeout(limitMs) }).finally(() =>
    child.kill(),
  );
  return outcome;
}

async function crawlee(start: string, pages: number): Promise<number> {
  log.setLevel(log.LEVELS.ERROR);
  const turndown = new TurndownService({ codeBlockStyle: 'fenced', headingStyle: 'atx' });
  let stored = 0;
  const crawler = new CheerioCrawler(
    {
      minConcurrency: SIDE_BY_SIDE,
      maxConcurrency: SIDE_BY_SIDE,
      maxRequestsPerCrawl: pages,
      async requestHandler({ $, request, enqueueLinks, pushData }) {
        await enqueueLinks({ globs: [`${new URL(start).origin}/**/*.html`] });
        $('script, style').remove();
        const markdown = turndown.turndown($('body').html() ?? '');
        await pushData({ url: request.loadedUrl, title: $('title').text(), markdown });
        stored++;
      },
    },
    new Configuration({ persistStorage: false }),
  );
  await crawler.run([start]);
  return stored;
}

async function bare(start: string, pages: number): Promise<number> {
  const agent = new Agent({ connections: SIDE_BY_SIDE });
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
    while (active < SIDE_BY_SIDE && next < queue.length) {
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
