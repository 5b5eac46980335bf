import { CheerioCrawler, Configuration, log } from '@crawlee/cheerio';
// @ts-expect-error: it has no type declarations
import TurndownService from 'turndown';
import type { Crawl } from '../support/crawlers.ts';

/** Crawlee's CheerioCrawler with turndown and its memory storage. */
export const crawlee: Crawl = async (start, pages, concurrency) => {
  log.setLevel(log.LEVELS.ERROR);
  const turndown = new TurndownService({ codeBlockStyle: 'fenced', headingStyle: 'atx' });
  let stored = 0;
  const crawler = new CheerioCrawler(
    {
      minConcurrency: concurrency,
      maxConcurrency: concurrency,
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
};
