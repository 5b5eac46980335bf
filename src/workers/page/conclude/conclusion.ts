import type { ReadSitemaps } from '../../../changes/known-pages.ts';
import { isGone } from '../../../changes/page-change.ts';
import type { CrawlOptions, MapOptions } from '../../../jobs/options.ts';
import type { PageResult } from '../../../jobs/progress/page-result.ts';
import type { PendingPage } from '../../job.ts';
import type { RoutedPage } from '../../proxies/routed-egress.ts';
import { mapSite, withUrls } from './map.ts';
import { mapLeftMs, type BegunVisit } from '../map-time.ts';
import { endedResult, okResult, type Answer } from './result.ts';
import type { Found } from '../retrieval.ts';
import { sitemapLinks } from './sitemaps.ts';
import type { Surroundings } from '../surroundings.ts';
import { comparedPage, notModifiedResult } from '../watch.ts';

/** Makes the result of a page that its site has answered. */
export class Conclusion {
  readonly #around: Surroundings;
  readonly #visit: BegunVisit;
  readonly #answer: Answer;

  constructor(around: Surroundings, visit: BegunVisit, answer: Answer) {
    this.#around = around;
    this.#visit = visit;
    this.#answer = answer;
  }

  /** The result of a page that was read, with the links of a crawl or the URLs of a map. */
  async ofPage(found: Found): Promise<PageResult> {
    const { job, page } = this.#visit;
    const { fetched, reading, rendered, files } = found;
    if (job.map) return await this.#ofMap(job.map, found);
    const compared = comparedPage({ page, fetched, reading, rendered });
    const { links, sitemaps } = await this.#links(fetched.url, linksOf(page, found));
    if (job.crawl && (job.options as CrawlOptions).respect_noindex && reading.noindex) {
      const ended = endedResult(this.#visit, this.#answer, { status: 'skipped', code: 'robots' });
      return { ...ended, links, sitemaps };
    }
    const surcharge = rendered ? job.options.rendering!.credits - 1 : 0;
    const facts = { page, fetched, reading, links, fetchedAt: this.#answer.fetchedAt, surcharge };
    return okResult({ ...facts, files: files.stored, compared, sitemaps });
  }

  /** The result of a page that has not changed: the links that are known of it are followed. */
  async ofUnchanged(fetched: RoutedPage): Promise<PageResult> {
    const { page } = this.#visit;
    const { links, sitemaps } = await this.#links(fetched.url, page.known?.links ?? []);
    const { fetchedAt } = this.#answer;
    return { ...notModifiedResult(page, fetched, { links, fetchedAt }), sitemaps };
  }

  /** The block of the start page, with the URLs of the site. */
  async #ofMap(options: MapOptions, { fetched, reading }: Found): Promise<PageResult> {
    const visit = this.#visit;
    const leftMs = mapLeftMs(visit, options);
    const map = await mapSite(visit, this.#around, { options, start: fetched.url, reading, leftMs });
    // A start page that ended early may lack links.
    const complete = map.complete && !fetched.truncated;
    const fragment = await withUrls(reading.fragment, { ...map, complete });
    const facts = { page: visit.page, fetched, reading: { ...reading, fragment } };
    return okResult({ ...facts, links: null, fetchedAt: this.#answer.fetchedAt, surcharge: 0, files: [] });
  }

  /**
   * The links to follow: those of the page and, for the seed of a crawl, of the sitemaps. Null
   * where the job is no crawl.
   */
  async #links(address: string, links: string[]): Promise<FoundLinks> {
    const { job, page } = this.#visit;
    if (!job.crawl) return { links: null, sitemaps: null };
    if (page.depth > 0 || (job.options as CrawlOptions).sitemap === 'skip') return { links, sitemaps: null };
    const { links: listed, sitemaps } = await sitemapLinks(this.#visit, this.#around.hosts, address);
    return { links: [...new Set([...links, ...listed])], sitemaps };
  }
}

interface FoundLinks {
  links: string[] | null;
  sitemaps: ReadSitemaps | null;
}

/** The links of a page, and where it came without its content those that it had before. */
function linksOf({ known }: PendingPage, { fetched, reading }: Found): string[] {
  const { links, compared } = reading;
  if (compared !== null || known === null || isGone('ok', fetched.status)) return links;
  return [...new Set([...links, ...(known.links ?? [])])];
}
