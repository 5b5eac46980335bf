import { SiteCookies } from '../../egress/index.ts';
import type { CrawlOptions } from '../../jobs/options.ts';
import type { JobInfo } from '../job.ts';

/**
 * The cookies for a fetch: the caller's, and those of the job's session. In a crawl, cookies of the
 * caller that name no domain belong to the host of its start.
 */
export function cookiesFor({ crawl, options, session }: JobInfo, url: string): SiteCookies {
  const cookies = new SiteCookies(session ?? undefined);
  const home = URL.parse(crawl ? (options as CrawlOptions).url : url);
  if (home !== null && options.cookies.length > 0) cookies.give(options.cookies, home);
  return cookies;
}
