import type { Scope } from '../../crawl/scope.ts';
import { normaliseUrl } from '../../crawl/normalise.ts';
import type { FetchedPage } from '../../egress/index.ts';
import type { CrawlOptions } from '../../jobs/options.ts';
import type { Extraction } from '../../scrape/types.ts';
import type { JobInfo } from '../queue/open-work.ts';
import type { PageWorker, PendingPage } from './page.ts';
import { sitemapUrls } from './sitemaps.ts';

const MAX_LINKS_PER_PAGE = 5000;
/**
 * The most that judging the URLs which one page brings may hold up its thread. A hundred patterns against 5,000 links,
 * each made to be compared as long as possible, would take forty minutes.
 */
const JUDGING_BUDGET_MS = 5000;

/** The links of a page that belong to the crawl, normalised, each once, in document order; for the seed also what the sitemaps list. */
export async function crawlLinks(
  worker: PageWorker,
  job: JobInfo,
  page: PendingPage,
  fetched: FetchedPage,
  extraction: Extraction,
  signal: AbortSignal,
): Promise<string[]> {
  const options = job.options as CrawlOptions;
  const inScope = withinBudget(job.crawl!.scope, JUDGING_BUDGET_MS);
  const links = new Set<string>();
  const add = (raw: string) => {
    const url = normaliseUrl(raw, undefined, { ignore_query_parameters: options.ignore_query_parameters });
    if (url !== null && url !== page.url && inScope(url, page.depth + 1)) links.add(url);
  };
  if (options.sitemap !== 'only' && !(options.respect_nofollow && extraction.robots.nofollow)) {
    for (const link of extraction.discovered) {
      if (links.size >= MAX_LINKS_PER_PAGE) break;
      if (!(link.nofollow && options.respect_nofollow)) add(link.url);
    }
  }
  if (page.depth === 0 && options.sitemap !== 'skip') {
    for (const url of await sitemapUrls(worker, job, fetched.url, inScope, signal)) add(url);
  }
  return [...links];
}

/**
 * Other addresses of the same page: where it was redirected to, and its canonical URL. A canonical URL counts only when it differs in
 * the query, the trailing slash or the scheme: many sites name their front page on every page.
 */
export function crawlAliases(
  job: JobInfo,
  page: PendingPage,
  fetched: FetchedPage,
  extraction: Extraction,
): string[] {
  const options = job.options as CrawlOptions;
  const aliases: string[] = [];
  const add = (raw: string) => {
    const url = normaliseUrl(raw, undefined, { ignore_query_parameters: options.ignore_query_parameters });
    if (url !== null && url !== page.url && job.crawl!.scope.sameSite(url)) aliases.push(url);
  };
  add(fetched.url);
  const canonical = extraction.metadata.canonical_url;
  if (canonical !== null && bare(canonical) === bare(fetched.url)) add(canonical);
  return aliases;
}

function bare(url: string): string | null {
  const parsed = URL.parse(url);
  return parsed && `${parsed.host}${parsed.pathname.replace(/\/(index\.html?)?$/, '')}`;
}

/** Judges as the scope does until that has taken so long in all; what comes later is out of it. */
function withinBudget(scope: Scope, ms: number): Scope['inScope'] {
  let spent = 0;
  return (url, depth) => {
    if (spent > ms) return false;
    const begun = performance.now();
    const verdict = scope.inScope(url, depth);
    spent += performance.now() - begun;
    return verdict;
  };
}
