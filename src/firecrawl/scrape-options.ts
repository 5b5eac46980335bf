import { z } from 'zod';
import { MAX_JOB_CONCURRENCY } from '../jobs/http/schemas/fields.ts';
import { invalidField } from '../service-error.ts';
import {
  browserFields,
  ownBrowserFields,
  screenshotFormat,
  type ScreenshotFormat,
} from './browser-options.ts';

/** Our formats for Firecrawl's. */
const FORMATS: Record<string, string> = {
  markdown: 'markdown',
  html: 'html',
  rawHtml: 'raw_html',
  links: 'links',
  images: 'images',
};
/** Formats that are not served, each with the reason that its caller reads. */
const REFUSED: Record<string, string> = {
  json: 'needs a language model; `fields` of /v1/scrape reads data by CSS',
  summary: 'needs a language model',
  question: 'needs a language model',
  highlights: 'needs a language model',
  query: 'needs a language model',
  branding: 'needs a language model',
  pii: 'needs a language model',
  changeTracking: 'is not served: a schedule (/v1/schedules) says what changed',
  audio: 'is not served',
  video: 'is not served',
  attributes: 'is not served: `fields` of /v1/scrape reads attributes',
};

/** Pictures, which are files of the job, and not part of the page's text. */
const SCREENSHOTS: Record<string, ScreenshotFormat> = {
  screenshot: { type: 'screenshot' },
  'screenshot@fullPage': { type: 'screenshot', fullPage: true },
};

const format = z.union([
  z.string().max(50),
  screenshotFormat,
  z.looseObject({
    type: z
      .string()
      .max(50)
      .refine((type) => type !== 'screenshot'),
  }),
]);
const headers = z.record(z.string().max(200), z.string().max(8192));
/** Accepted without effect: what they ask for is done anyway, or has no meaning here. */
const ignored = z.unknown().optional();

/** Firecrawl's scrape options (v2), as far as a request may carry them. */
export const scrapeOptionFields = {
  formats: z.array(format).max(20).nullish(),
  headers: headers.nullish(),
  includeTags: z.array(z.string()).nullish(),
  excludeTags: z.array(z.string()).nullish(),
  onlyMainContent: z.boolean().nullish(),
  timeout: z.number().min(1).nullish(),
  skipTlsVerification: z.boolean().nullish(),
  maxAge: z.number().min(0).nullish(),
  ...browserFields,
  parsers: ignored,
  removeBase64Images: ignored,
  fastMode: ignored,
  useMock: ignored,
  proxy: ignored,
  minAge: ignored,
  storeInCache: ignored,
  lockdown: ignored,
  redactPII: ignored,
  profile: ignored,
  onlyCleanContent: ignored,
  maxConcurrency: ignored,
  zeroDataRetention: ignored,
  integration: ignored,
  origin: ignored,
};
const scrapeOptions = z.strictObject(scrapeOptionFields);
export const scrapeOptionsSchema = scrapeOptions;
export type FirecrawlOptions = z.infer<typeof scrapeOptions>;

const MILLISECONDS = 1000;

/** The most pages of a job that are fetched at once, as a job may have it here. */
export const maxConcurrency = z
  .int()
  .min(1)
  .transform((most) => Math.min(most, MAX_JOB_CONCURRENCY))
  .nullish();

/**
 * The fields of our own request for Firecrawl's scrape options, to be validated like any other
 * request. A timeout beyond `maxTimeoutMs` is cut to it. Throws ServiceError `validation_failed`
 * for a format that is not served.
 */
export function ownFields(options: FirecrawlOptions, maxTimeoutMs: number): Record<string, unknown> {
  const { timeout, maxAge } = options;
  const { formats, screenshot } = ownFormats(options.formats ?? ['markdown']);
  return withoutUndefined({
    formats,
    ...ownBrowserFields(options, screenshot),
    headers: options.headers ?? undefined,
    include_selectors: options.includeTags ?? undefined,
    exclude_selectors: options.excludeTags ?? undefined,
    only_main_content: options.onlyMainContent ?? undefined,
    skip_tls_verification: options.skipTlsVerification ?? undefined,
    timeout_ms: timeout == null ? undefined : Math.max(100, Math.min(Math.round(timeout), maxTimeoutMs)),
    max_age_seconds: maxAge == null ? undefined : Math.min(Math.floor(maxAge / MILLISECONDS), 30 * 86_400),
  });
}

interface OwnFormats {
  formats: string[];
  screenshot: ScreenshotFormat | null;
}

function ownFormats(formats: z.infer<typeof format>[]): OwnFormats {
  const own: string[] = [];
  let screenshot: ScreenshotFormat | null = null;
  for (const [n, wanted] of formats.entries()) {
    const name = typeof wanted === 'string' ? wanted : wanted.type;
    if (Object.hasOwn(SCREENSHOTS, name))
      screenshot = typeof wanted === 'string' ? SCREENSHOTS[name]! : (wanted as ScreenshotFormat);
    else own.push(ownFormat(name, n));
  }
  // With a picture as the only format there is no text.
  if (own.length === 0) own.push(screenshot === null ? 'markdown' : 'metadata');
  return { formats: [...new Set(own)], screenshot };
}

function ownFormat(name: string, n: number): string {
  const known = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  if (known !== undefined) return known;
  const reason = Object.hasOwn(REFUSED, name) ? REFUSED[name] : 'is not known';
  throw invalidField(`formats[${n}]`, `the format ${JSON.stringify(name)} ${reason}`);
}

/** Without the fields that were not given, which get our defaults. */
export function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
