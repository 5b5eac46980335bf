import { Configuration, log, PlaywrightCrawler } from '@crawlee/playwright';
// @ts-expect-error: it has no type declarations
import TurndownService from 'turndown';
import { BROWSER } from '../../support/browser/browser.ts';
import type { Crawl } from '../support/crawlers.ts';

/** What the service blocks by default: images, fonts and media. */
const BLOCKED = ['.png', '.jpg', '.svg', '.woff2', '.mp4'];

/**
 * Crawlee's PlaywrightCrawler with turndown and its memory storage: each page in a context of its
 * own, read when it has loaded and its network is idle.
 */
export const playwright: Crawl = async (start, pages, concurrency) => {
  log.setLevel(log.LEVELS.ERROR);
  const turndown = new TurndownService({ codeBlockStyle: 'fenced', headingStyle: 'atx' });
  let stored = 0;
  const crawler = new PlaywrightCrawler(
    {
      minConcurrency: concurrency,
      maxConcurrency: concurrency,
      launchContext: {
        useIncognitoPages: true,
        launchOptions: {
          executablePath: process.env.CHROMIUM_PATH ?? BROWSER,
          args: ['--no-sandbox', '--disable-gpu'],
        },
      },
      preNavigationHooks: [async (context) => await context.blockRequests({ urlPatterns: BLOCKED })],
      async requestHandler({ page, request, pushData }) {
        await page.waitForLoadState('networkidle');
        const html = await page.evaluate('document.querySelector("main").outerHTML');
        const markdown = turndown.turndown(html);
        await pushData({ url: request.loadedUrl, title: await page.title(), markdown });
        if (markdown.includes('Basket')) stored++;
      },
    },
    new Configuration({ persistStorage: false }),
  );
  await crawler.run(Array.from({ length: pages }, (_, n) => `${start}${n}`));
  return stored;
};
