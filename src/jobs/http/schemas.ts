import { z } from 'zod';
import { JOB_KINDS, JOB_STATUSES, WEBHOOK_EVENTS, WEBHOOK_PAYLOADS } from '../../database/enumerations.ts';
import { named } from '../../http/operation.ts';
import { cursorParameter, limitParameter } from '../../http/pagination.ts';
import { compilePattern } from '../../crawl/patterns.ts';
import { FORMATS, type Format } from '../../scrape/types.ts';
import { isValidSelector } from '../../scrape/selectors.ts';
import type { CrawlOptions, ScrapeOptions } from '../options.ts';

export const MAX_SYNC_URLS = 100;
export const MAX_ASYNC_URLS = 100_000;
const MAX_URL_LENGTH = 4096;
const MAX_METADATA_BYTES = 16 * 1024;
const MAX_WAIT_SECONDS = 25;
/** A router in front of the service gives up at 30 s. */
const MAX_SYNC_TIMEOUT_MS = 25_000;
const MAX_ASYNC_TIMEOUT_MS = 120_000;
/** Headers that belong to the connection and not to the caller. */
const FORBIDDEN_HEADERS = new Set(
  'connection content-length content-encoding expect host keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

const pageUrl = z
  .string()
  .max(MAX_URL_LENGTH, `must have at most ${MAX_URL_LENGTH} characters`)
  .superRefine((text, context) => {
    const url = URL.parse(text);
    if (url === null) context.addIssue('must be an absolute URL');
    else if (url.protocol !== 'http:' && url.protocol !== 'https:')
      context.addIssue('must start with http:// or https://');
    else if (url.username !== '' || url.password !== '')
      context.addIssue('must not contain a user name or password');
  });

const format = z.enum(FORMATS);
const selectors = z
  .array(z.string().max(500).refine(isValidSelector, 'is not a CSS selector'))
  .max(50)
  .default([]);

const headerName = z
  .string()
  .max(100)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a header name')
  .refine((name) => !FORBIDDEN_HEADERS.has(name.toLowerCase()), 'is set by the service');
const headerValue = z
  .string()
  .max(4096)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'is not a header value');

const OUR_HEADERS: ReadonlySet<string> = new Set(['content-type', 'user-agent', 'traceparent', 'tracestate']);
/** Headers of a callback that a receiver must be able to trust. */
const isOurHeader = (name: string) =>
  name.startsWith('x-ollagraph-') || name.startsWith('webhook-') || OUR_HEADERS.has(name);

const headers = z
  .record(headerName, headerValue)
  .refine((all) => Object.keys(all).length <= 50, 'must have at most 50 headers')
  .default({});

const scrapeFields = (maxTimeoutMs: number, respectRobots: boolean) => ({
  format: format.optional().describe('`markdown` where neither this nor `formats` is given.'),
  formats: z
    .array(format)
    .min(1)
    .max(FORMATS.length)
    .optional()
    .describe('Several at once, instead of `format`.'),
  only_main_content: z.boolean().default(true).describe('Leave out navigation, footers and the like.'),
  include_selectors: selectors.describe('CSS selectors: only what they match.'),
  exclude_selectors: selectors.describe('CSS selectors: all but what they match.'),
  headers: headers.describe('Request headers to send to the site.'),
  timeout_ms: z.int().min(100).max(maxTimeoutMs).default(20_000).describe('For each page.'),
  max_age_seconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(0)
    .describe('Take an own earlier result that is not older than this. 0: always fetch.'),
  respect_robots: z.boolean().default(respectRobots).describe('Obey the robots.txt of the site.'),
  user_agent: z
    .string()
    .min(1)
    .max(300)
    .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII')
    .optional(),
});

const asyncFields = {
  webhook_url: z
    .string()
    .max(MAX_URL_LENGTH)
    .optional()
    .describe('Where the one signed POST goes when the job ends: https, at a public address.'),
  webhook_payload: z
    .enum(WEBHOOK_PAYLOADS)
    .default('full')
    .describe('`summary`: the counts and where to read the pages, for results that are large.'),
  webhook_headers: z
    .record(
      headerName.refine((name) => !isOurHeader(name.toLowerCase()), 'is set by the service'),
      headerValue,
    )
    .refine((all) => Object.keys(all).length <= 20, 'must have at most 20 headers')
    .optional()
    .describe('Extra headers of the callback.'),
  webhook_events: z
    .array(z.enum(WEBHOOK_EVENTS))
    .min(1)
    .max(3)
    .default(['job.completed'])
    .describe('Ask for more than the one POST at the end.'),
  metadata: z
    .json()
    .refine(
      (value) => Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA_BYTES,
      'must have at most 16 KiB as JSON',
    )
    .optional()
    .meta({
      shownAs: { description: 'Any JSON of at most 16 KiB; comes back in the job and in its webhook.' },
    }),
};

const urls = (max: number) =>
  z.array(pageUrl).min(1, 'must have at least one URL').max(max, `must have at most ${max} URLs`);
const pathPatterns = z.array(z.string().min(1).max(500).superRefine(checkPattern)).max(100).default([]);

function checkPattern(pattern: string, context: z.RefinementCtx<string>): void {
  try {
    compilePattern(pattern);
  } catch (error) {
    context.addIssue((error as Error).message);
  }
}

const oneFormat = <S extends z.ZodType<{ format?: Format | undefined; formats?: Format[] | undefined }>>(
  schema: S,
) =>
  schema.refine((body) => body.format === undefined || body.formats === undefined, {
    path: ['formats'],
    message: 'give format or formats, not both',
  });

export const scrapeSchema = named(
  'ScrapeRequest',
  oneFormat(z.strictObject({ url: pageUrl, ...scrapeFields(MAX_SYNC_TIMEOUT_MS, false) })),
);
export const batchSchema = named(
  'BatchRequest',
  oneFormat(z.strictObject({ urls: urls(MAX_SYNC_URLS), ...scrapeFields(MAX_SYNC_TIMEOUT_MS, false) })),
);
export const scrapeAsyncSchema = named(
  'ScrapeAsyncRequest',
  oneFormat(z.strictObject({ url: pageUrl, ...scrapeFields(MAX_ASYNC_TIMEOUT_MS, false), ...asyncFields })),
);
export const batchAsyncSchema = named(
  'BatchAsyncRequest',
  oneFormat(
    z.strictObject({
      urls: urls(MAX_ASYNC_URLS),
      ...scrapeFields(MAX_ASYNC_TIMEOUT_MS, false),
      ...asyncFields,
    }),
  ),
);
export const crawlSchema = named(
  'CrawlRequest',
  oneFormat(
    z.strictObject({
      url: pageUrl.describe('Where the crawl begins.'),
      ...scrapeFields(MAX_ASYNC_TIMEOUT_MS, true),
      ...asyncFields,
      max_pages: z
        .int()
        .min(1)
        .max(100_000)
        .default(100)
        .describe('So many credits are held until the crawl ends.'),
      max_depth: z
        .int()
        .min(0)
        .max(1000)
        .optional()
        .describe('Links from the first page; 0: that page alone.'),
      include_paths: pathPatterns.describe('Patterns of paths: only these are crawled.'),
      exclude_paths: pathPatterns.describe('Patterns of paths that are not crawled.'),
      allow_subdomains: z.boolean().default(false),
      ignore_query_parameters: z
        .union([z.boolean(), z.array(z.string().min(1).max(200)).max(100)])
        .default(false)
        .describe('All query parameters, or these, do not make another page.'),
      respect_nofollow: z.boolean().default(true),
      respect_noindex: z.boolean().default(false),
      sitemap: z.enum(['include', 'only', 'skip']).default('include'),
      delay_ms: z.int().min(0).max(60_000).default(0).describe('Between two fetches.'),
    }),
  ),
);

export const jobStatus = z
  .enum(JOB_STATUSES)
  .describe('`completed` also when some pages failed; `failed` when none came back.');
export const jobKind = z.enum(JOB_KINDS);

export const jobListQuery = z.strictObject({
  status: jobStatus.optional(),
  kind: jobKind.optional(),
  limit: limitParameter(100, 20),
  cursor: cursorParameter,
});
export const jobQuery = z.strictObject({
  wait: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3})?$/, 'must be a number of seconds')
    .transform(Number)
    .refine((n) => n <= MAX_WAIT_SECONDS, `must be at most ${MAX_WAIT_SECONDS}`)
    .default(0)
    .meta({
      description: 'Hold the answer for up to so many seconds, until the job has ended.',
      shownAs: { type: 'number', minimum: 0, maximum: MAX_WAIT_SECONDS, default: 0 },
    }),
  result: z.enum(['true', 'false']).default('true').describe('`false` leaves the result out.'),
});
export const pageListQuery = z.strictObject({ limit: limitParameter(100, 20), cursor: cursorParameter });

/** What the asynchronous routes take besides. */
export type AsyncFields = Pick<z.infer<typeof scrapeAsyncSchema>, keyof typeof asyncFields>;

type ScrapeBody = Omit<z.infer<typeof scrapeSchema>, 'url'>;

/** The options of a validated request, in the form that the job keeps. */
export function scrapeOptions(body: ScrapeBody): ScrapeOptions {
  return {
    formats: [...new Set(body.formats ?? [body.format ?? 'markdown'])],
    only_main_content: body.only_main_content,
    include_selectors: body.include_selectors,
    exclude_selectors: body.exclude_selectors,
    headers: body.headers,
    timeout_ms: body.timeout_ms,
    max_age_seconds: body.max_age_seconds,
    respect_robots: body.respect_robots,
    user_agent: body.user_agent ?? null,
  };
}

/** The same for a crawl. */
export function crawlOptions(body: z.infer<typeof crawlSchema>): CrawlOptions {
  return {
    ...scrapeOptions(body),
    url: body.url,
    max_pages: body.max_pages,
    max_depth: body.max_depth ?? null,
    include_paths: body.include_paths,
    exclude_paths: body.exclude_paths,
    allow_subdomains: body.allow_subdomains,
    ignore_query_parameters: body.ignore_query_parameters,
    respect_nofollow: body.respect_nofollow,
    respect_noindex: body.respect_noindex,
    sitemap: body.sitemap,
    delay_ms: body.delay_ms,
  };
}
