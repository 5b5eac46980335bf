import { z } from 'zod';
import { compilePattern } from '../crawl/patterns.ts';
import { FORMATS, type Format } from '../scrape/types.ts';
import { isValidSelector } from '../scrape/selectors.ts';
import type { CrawlOptions, ScrapeOptions } from './options.ts';

export const MAX_SYNC_URLS = 100;
export const MAX_ASYNC_URLS = 100_000;
const MAX_URL_LENGTH = 4096;
const MAX_METADATA_BYTES = 16 * 1024;
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
    else if (url.username !== '' || url.password !== '') context.addIssue('must not contain a user name or password');
  });

const format = z.enum(FORMATS);
const selectors = z.array(z.string().max(500).refine(isValidSelector, 'is not a CSS selector')).max(50).default([]);

const headerName = z
  .string()
  .max(100)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a header name')
  .refine((name) => !FORBIDDEN_HEADERS.has(name.toLowerCase()), 'is set by the service');
const headerValue = z
  .string()
  .max(4096)
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'is not a header value');

/** Headers of a callback that a receiver must be able to trust. */
const isOurHeader = (name: string) =>
  name.startsWith('x-ollagraph-') || name.startsWith('webhook-') || name === 'content-type' || name === 'user-agent';

const headers = z
  .record(headerName, headerValue)
  .refine((all) => Object.keys(all).length <= 50, 'must have at most 50 headers')
  .default({});

const scrapeFields = (maxTimeoutMs: number, respectRobots: boolean) => ({
  format: format.optional(),
  formats: z.array(format).min(1).max(FORMATS.length).optional(),
  only_main_content: z.boolean().default(true),
  include_selectors: selectors,
  exclude_selectors: selectors,
  headers,
  timeout_ms: z.int().min(100).max(maxTimeoutMs).default(20_000),
  max_age_seconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(0),
  respect_robots: z.boolean().default(respectRobots),
  user_agent: z
    .string()
    .min(1)
    .max(300)
    .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII')
    .optional(),
});

const asyncFields = {
  webhook_url: z.string().max(MAX_URL_LENGTH).optional(),
  webhook_payload: z.enum(['full', 'summary']).default('full'),
  webhook_headers: z
    .record(
      headerName.refine((name) => !isOurHeader(name.toLowerCase()), 'is set by the service'),
      headerValue,
    )
    .refine((all) => Object.keys(all).length <= 20, 'must have at most 20 headers')
    .optional(),
  webhook_events: z
    .array(z.enum(['job.started', 'job.page', 'job.completed']))
    .min(1)
    .max(3)
    .default(['job.completed']),
  metadata: z
    .json()
    .refine(
      (value) => Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA_BYTES,
      'must have at most 16 KiB as JSON',
    )
    .optional(),
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

const oneFormat = <S extends z.ZodType<{ format?: Format | undefined; formats?: Format[] | undefined }>>(schema: S) =>
  schema.refine((body) => body.format === undefined || body.formats === undefined, {
    path: ['formats'],
    message: 'give format or formats, not both',
  });

export const scrapeSchema = oneFormat(z.strictObject({ url: pageUrl, ...scrapeFields(MAX_SYNC_TIMEOUT_MS, false) }));
export const batchSchema = oneFormat(
  z.strictObject({ urls: urls(MAX_SYNC_URLS), ...scrapeFields(MAX_SYNC_TIMEOUT_MS, false) }),
);
export const scrapeAsyncSchema = oneFormat(
  z.strictObject({ url: pageUrl, ...scrapeFields(MAX_ASYNC_TIMEOUT_MS, false), ...asyncFields }),
);
export const batchAsyncSchema = oneFormat(
  z.strictObject({ urls: urls(MAX_ASYNC_URLS), ...scrapeFields(MAX_ASYNC_TIMEOUT_MS, false), ...asyncFields }),
);
export const crawlSchema = oneFormat(
  z.strictObject({
    url: pageUrl,
    ...scrapeFields(MAX_ASYNC_TIMEOUT_MS, true),
    ...asyncFields,
    max_pages: z.int().min(1).max(100_000).default(100),
    max_depth: z.int().min(0).max(1000).optional(),
    include_paths: pathPatterns,
    exclude_paths: pathPatterns,
    allow_subdomains: z.boolean().default(false),
    ignore_query_parameters: z.union([z.boolean(), z.array(z.string().min(1).max(200)).max(100)]).default(false),
    respect_nofollow: z.boolean().default(true),
    respect_noindex: z.boolean().default(false),
    sitemap: z.enum(['include', 'only', 'skip']).default('include'),
    delay_ms: z.int().min(0).max(60_000).default(0),
  }),
);

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
