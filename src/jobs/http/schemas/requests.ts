import { z } from 'zod';
import { named } from '../../../http/schemas.ts';
import { MAX_URL_LENGTH } from '../../../scrape/page-url.ts';
import { compilePattern } from '../../../crawl/patterns.ts';
import type { Format } from '../../../scrape/types.ts';
import { HEADER_SCOPES, type CrawlOptions, type MapOptions, type ScrapeOptions } from '../../options.ts';
import { checkRenderFields, renderOptions, type RenderBody } from './rendering.ts';
import {
  asyncFields,
  MAX_ASYNC_TIMEOUT_MS,
  MAX_ASYNC_URLS,
  MAX_SYNC_TIMEOUT_MS,
  MAX_SYNC_URLS,
  invalidUrls,
  pageUrl,
  scrapeFields,
} from './fields.ts';

const atLeastOne = [1, 'must have at least one URL'] as const;
/** Checked by `requireUrls`, which lets other requests have a turn in between. */
const urls = (max: number) =>
  z
    .array(z.unknown())
    .min(...atLeastOne)
    .max(max, `must have at most ${max} URLs`)
    .meta({
      shownAs: {
        type: 'array',
        items: { type: 'string', maxLength: MAX_URL_LENGTH },
        minItems: 1,
        maxItems: max,
      },
    });
const pathPatterns = z.array(z.string().min(1).max(500).superRefine(checkPattern)).max(100).default([]);

function checkPattern(pattern: string, context: z.RefinementCtx<string>): void {
  try {
    compilePattern(pattern);
  } catch (error) {
    context.addIssue((error as Error).message);
  }
}

interface ScrapeFields extends RenderBody {
  format?: Format | undefined;
  formats?: Format[] | undefined;
  fields?: unknown;
}

/** Checks fields that exclude each other, or need each other. */
const consistent = <S extends z.ZodType<ScrapeFields>>(schema: S) =>
  schema
    .refine((body) => body.format === undefined || body.formats === undefined, {
      path: ['formats'],
      message: 'give format or formats, not both',
    })
    .refine(
      ({ format, formats, fields }) => fields !== undefined || !(formats ?? [format]).includes('data'),
      {
        path: ['fields'],
        message: 'must be given with the format data',
      },
    )
    .superRefine(checkRenderFields);

export const scrapeSchema = named(
  'ScrapeRequest',
  consistent(z.strictObject({ url: pageUrl, ...scrapeFields(MAX_SYNC_TIMEOUT_MS, false) })),
);
export const batchSchema = named(
  'BatchRequest',
  consistent(
    z.strictObject({
      urls: urls(MAX_SYNC_URLS),
      invalid_urls: invalidUrls,
      ...scrapeFields(MAX_SYNC_TIMEOUT_MS, false),
    }),
  ),
);
export const scrapeAsyncSchema = named(
  'ScrapeAsyncRequest',
  consistent(z.strictObject({ url: pageUrl, ...scrapeFields(MAX_ASYNC_TIMEOUT_MS, false), ...asyncFields })),
);
export const batchAsyncSchema = named(
  'BatchAsyncRequest',
  consistent(
    z.strictObject({
      urls: urls(MAX_ASYNC_URLS),
      invalid_urls: invalidUrls,
      ...scrapeFields(MAX_ASYNC_TIMEOUT_MS, false),
      ...asyncFields,
    }),
  ),
);
/** Which pages of a site are part of a crawl or a map. */
const siteFields = {
  include_paths: pathPatterns.describe('Patterns of paths: only these are taken.'),
  exclude_paths: pathPatterns.describe('Patterns of paths that are not taken.'),
  allow_subdomains: z.boolean().default(false),
  ignore_query_parameters: z
    .union([z.boolean(), z.array(z.string().min(1).max(200)).max(100)])
    .default(false)
    .describe('All query parameters, or these, do not make another page.'),
  respect_nofollow: z.boolean().default(true),
  sitemap: z.enum(['include', 'only', 'skip']).default('include'),
};

export const crawlSchema = named(
  'CrawlRequest',
  consistent(
    z.strictObject({
      url: pageUrl.describe('Where the crawl begins.'),
      ...scrapeFields(MAX_ASYNC_TIMEOUT_MS, true),
      ...asyncFields,
      max_pages: z
        .int()
        .min(1)
        .max(100_000)
        .default(100)
        .describe('As many credits are held until the crawl ends.'),
      max_depth: z
        .int()
        .min(0)
        .max(1000)
        .optional()
        .describe('Links from the first page; 0: that page alone.'),
      ...siteFields,
      respect_noindex: z.boolean().default(false),
      send_headers_to: z
        .enum(HEADER_SCOPES)
        .default('origin')
        .describe(
          'Where `headers` that may hold credentials are sent: to the origin of `url` alone, or to ' +
            'every page of the crawl.',
        ),
      delay_ms: z.int().min(0).max(60_000).default(0).describe('Between two fetches.'),
    }),
  ),
);

function mapFields(maxTimeoutMs: number) {
  const page = scrapeFields(maxTimeoutMs, true);
  return {
    url: pageUrl.describe('The start page of the site.'),
    max_urls: z.int().min(1).max(100_000).default(5000),
    search: z
      .string()
      .max(200)
      .optional()
      .describe('Words: only URLs that have each of them in the URL or the title, in any case.'),
    ...siteFields,
    timeout_ms: page.timeout_ms.describe('For the whole map: what is known by then is listed.'),
    headers: page.headers,
    cookies: page.cookies,
    proxy: page.proxy,
    user_agent: page.user_agent,
    respect_robots: page.respect_robots,
    skip_tls_verification: page.skip_tls_verification,
  };
}

export const mapSchema = named('MapRequest', z.strictObject(mapFields(MAX_SYNC_TIMEOUT_MS)));
const { max_concurrency: _, ...queuedMapFields } = asyncFields;
export const mapAsyncSchema = named(
  'MapAsyncRequest',
  z.strictObject({ ...mapFields(MAX_ASYNC_TIMEOUT_MS), ...queuedMapFields }),
);

/** What the asynchronous routes take besides. */
export type AsyncFields = Pick<z.infer<typeof scrapeAsyncSchema>, keyof typeof asyncFields>;

type ScrapeBody = Omit<z.infer<typeof scrapeSchema>, 'url'> & Partial<Pick<AsyncFields, 'max_concurrency'>>;

/** The options of a validated request, in the form that the job keeps. */
export function scrapeOptions(body: ScrapeBody): ScrapeOptions {
  const rendering = renderOptions(body);
  return {
    render: body.render,
    rendering: rendering && { ...rendering, credits: 1 },
    formats: [...new Set(body.formats ?? [body.format ?? 'markdown'])],
    only_main_content: body.only_main_content,
    include_selectors: body.include_selectors,
    exclude_selectors: body.exclude_selectors,
    fields: body.fields ?? null,
    headers: body.headers,
    cookies: body.cookies.map((cookie) => ({ ...cookie, domain: cookie.domain ?? null })),
    session: body.session ?? null,
    proxy: body.proxy ?? null,
    timeout_ms: body.timeout_ms,
    max_age_seconds: body.max_age_seconds,
    respect_robots: body.respect_robots,
    user_agent: body.user_agent ?? null,
    skip_tls_verification: body.skip_tls_verification,
    max_concurrency: body.max_concurrency ?? null,
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
    send_headers_to: body.send_headers_to,
    delay_ms: body.delay_ms,
  };
}

/** The same for a map: its start page is read for its metadata and its links. */
export function mapOptions(body: z.infer<typeof mapSchema>): MapOptions {
  const { url, max_urls, search, ...given } = body;
  const page = scrapeSchema.parse({ url, format: 'metadata' });
  return {
    ...scrapeOptions({ ...page, ...given }),
    url,
    max_urls,
    search: search ?? null,
    max_depth: null,
    include_paths: given.include_paths,
    exclude_paths: given.exclude_paths,
    allow_subdomains: given.allow_subdomains,
    ignore_query_parameters: given.ignore_query_parameters,
    respect_nofollow: given.respect_nofollow,
    respect_noindex: false,
    sitemap: given.sitemap,
    send_headers_to: 'origin',
    delay_ms: 0,
  };
}
