import { normaliseUrl } from '../../../crawl/normalise.ts';
import { routeOf } from '../../../crawl/route.ts';
import { looksLikeFile, withinBudget, type Scope } from '../../../crawl/scope.ts';
import type { CrawlOptions } from '../../../jobs/options.ts';
import type { Extraction } from '../../../scrape/types.ts';
import type { ReadRequest } from '../page-reading.ts';

const MAX_LINKS_PER_PAGE = 5000;
const MAX_TITLES = 20_000;
/** Links to what looks like a file may be pages, or a gallery of a thousand pictures. */
const MAX_FILES_PER_PAGE = 50;
/**
 * The most time for judging the links of one page. A hundred hostile patterns against 5,000 hostile
 * links would take forty minutes.
 */
const JUDGING_BUDGET_MS = 5000;

/** The links of a page that belong to the crawl, normalised, each once, in document order. */
export function linksInScope(request: ReadRequest, scope: Scope, extraction: Extraction): string[] {
  const { sitemap, respect_nofollow } = request.options as CrawlOptions;
  const form = formOf(request);
  if (sitemap === 'only' || (respect_nofollow && extraction.robots.nofollow)) return [];
  const inScope = withinBudget(scope, JUDGING_BUDGET_MS);
  const links = new Set<string>();
  let files = 0;
  for (const link of extraction.discovered) {
    if (links.size >= MAX_LINKS_PER_PAGE) break;
    if (link.nofollow && respect_nofollow) continue;
    const url = normaliseUrl(link.url, undefined, form);
    if (url === null || url === request.url || !inScope(url, request.depth + 1)) continue;
    if (looksLikeFile(url) && ++files > MAX_FILES_PER_PAGE) continue;
    links.add(url);
  }
  return [...links];
}

/** The titles that a page gives: its own, and the texts of its links, by normalised URL. */
export function titlesOf(request: ReadRequest, extraction: Extraction): Map<string, string> {
  const { metadata, discovered, block } = extraction;
  const { ignore_query_parameters } = request.options as CrawlOptions;
  const titles = new Map<string, string>();
  if (block !== null) return titles;
  const add = (raw: string, title: string | null | undefined) => {
    const url = normaliseUrl(raw, undefined, { ignore_query_parameters });
    if (url !== null && title && !titles.has(url)) titles.set(url, title);
  };
  add(request.page.url, metadata.title);
  for (const { url, text } of discovered.slice(0, MAX_TITLES)) add(url, text);
  return titles;
}

/**
 * Other addresses of the same page: where it was redirected to, and its canonical URL. A canonical
 * URL counts only where it differs in the query, the trailing slash or the scheme: many sites name
 * their front page on every page, as applications do on all their routes.
 */
export function otherAddresses(request: ReadRequest, scope: Scope, extraction: Extraction): string[] {
  const form = formOf(request);
  const aliases: string[] = [];
  const add = (raw: string) => {
    const url = normaliseUrl(raw, undefined, form);
    if (url !== null && url !== request.url && scope.sameSite(url)) aliases.push(url);
  };
  add(request.page.url);
  const canonical = extraction.metadata.canonical_url;
  const isRoute = form.keeps_routes && routeOf(new URL(request.page.url).hash) !== '';
  if (canonical !== null && !isRoute && bare(canonical) === bare(request.page.url)) add(canonical);
  return aliases;
}

/** The form of the URLs of a page's links. Only a browser goes where a route leads. */
function formOf({ options, page }: ReadRequest) {
  const { ignore_query_parameters } = options as CrawlOptions;
  return { ignore_query_parameters, keeps_routes: page.rendered === true };
}

function bare(url: string): string | null {
  const parsed = URL.parse(url);
  return parsed && `${parsed.host}${parsed.pathname.replace(/\/(index\.html?)?$/, '')}`;
}
