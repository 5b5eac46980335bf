import type { ScrapeOptions } from '../../src/jobs/options.ts';
import type { ReadRequest } from '../../src/workers/reading/page-reading.ts';

const OPTIONS: ScrapeOptions = {
  formats: ['markdown'],
  only_main_content: false,
  include_selectors: [],
  exclude_selectors: [],
  render: false,
  rendering: null,
  headers: {},
  cookies: [],
  session: null,
  proxy: null,
  timeout_ms: 20_000,
  max_age_seconds: 0,
  respect_robots: true,
  user_agent: null,
  skip_tls_verification: false,
};

/** What a reader is asked to read, of a page that is neither a crawl's nor compared. */
export function readRequest(
  page: { contentType: string; body: Buffer },
  options: Partial<ScrapeOptions> = {},
): ReadRequest {
  const url = 'https://example.com/';
  return {
    jobId: 'job_1',
    url,
    depth: 0,
    page: { url, status: 200, ...page },
    options: { ...OPTIONS, ...options },
    isCrawl: false,
    isMap: false,
    fetchedAt: new Date(),
    fetchMs: 1,
    compare: null,
  };
}
