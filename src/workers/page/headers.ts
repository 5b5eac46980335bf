import { withoutCredentials } from '../../egress/index.ts';
import type { CrawlOptions } from '../../jobs/options.ts';
import type { JobInfo } from '../job.ts';

/**
 * The caller's headers for a URL. In a crawl, headers that may hold credentials go only to the
 * origin of its start, unless the caller asks for the whole site. None go to other sites, which a
 * robots.txt may name.
 */
export function headersFor({ crawl, options }: JobInfo, url: string): Record<string, string> {
  const { headers } = options;
  if (!crawl) return headers;
  const { url: seed, send_headers_to } = options as CrawlOptions;
  if (URL.parse(url)?.origin === URL.parse(seed)?.origin) return headers;
  if (!crawl.scope.sameSite(url)) return {};
  return send_headers_to === 'site' ? headers : withoutCredentials(headers);
}
