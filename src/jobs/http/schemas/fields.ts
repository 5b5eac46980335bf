import { z } from 'zod';
import { WEBHOOK_EVENTS, WEBHOOK_PAYLOADS } from '../../../database/enumerations.ts';
import { cookieFault, parseUpstream } from '../../../egress/index.ts';
import { headerName, headerValue } from '../../../http/header-fields.ts';
import { MAX_URL_LENGTH, urlFault } from '../../../scrape/page-url.ts';
import { FORMATS } from '../../../scrape/types.ts';
import { isValidSelector } from '../../../scrape/selectors.ts';
import { dataFields } from './data-fields.ts';
import { renderFields } from './rendering.ts';
import { webhookHeaders } from '../../../webhooks/http/webhook-headers.ts';

export const MAX_SYNC_URLS = 100;
export const MAX_ASYNC_URLS = 100_000;
/** Of a request with so many URLs of 300 characters, and the other fields. */
export const MAX_LIST_BYTES = 32 * 1024 * 1024;
/** A router in front of the service gives up at 30 s. */
export const MAX_SYNC_TIMEOUT_MS = 25_000;
export const MAX_ASYNC_TIMEOUT_MS = 120_000;
export const MAX_JOB_CONCURRENCY = 100;

export const pageUrl = z
  .string()
  .superRefine((text, context) => {
    const fault = urlFault(text);
    if (fault !== null) context.addIssue(fault);
  })
  .meta({ maxLength: MAX_URL_LENGTH });

export const invalidUrls = z
  .enum(['reject', 'fail'])
  .default('reject')
  .describe(
    'What becomes of a URL that is none: `reject` refuses the request, `fail` scrapes the others ' +
      'and returns it as a failed page, `invalid_url`.',
  );

const format = z.enum(FORMATS);
const selectors = z
  .array(z.string().max(500).refine(isValidSelector, 'is not a CSS selector'))
  .max(50)
  .default([]);

const headers = z
  .record(headerName, headerValue)
  .refine((all) => Object.keys(all).length <= 50, 'must have at most 50 headers')
  .default({});

const cookies = z
  .array(
    z
      .strictObject({
        name: z
          .string()
          .max(256)
          .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is not a name of a cookie'),
        value: z
          .string()
          .max(4096)
          .regex(/^[\x20-\x3a\x3c-\x7e]*$/, 'must be printable ASCII without a semicolon'),
        domain: z
          .string()
          .min(1)
          .max(253)
          .optional()
          .describe('Also to the hosts under it. Default: the host of the page, or of the start of a crawl.'),
        path: z
          .string()
          .max(1024)
          .regex(/^\/[\x20-\x3a\x3c-\x7e]*$/, 'must be a path')
          .default('/'),
      })
      .superRefine(({ name, domain = null, path }, context) => {
        const fault = cookieFault({ name, domain, path });
        if (fault !== null) context.addIssue({ code: 'custom', path: ['domain'], message: fault });
      }),
  )
  .max(50)
  .default([]);

const proxy = z
  .union([
    z.enum(['none', 'pool']),
    z.strictObject({
      url: z
        .string()
        .max(2000)
        .refine(
          (url) => parseUpstream(url) !== null,
          'must be like http://user:password@proxy.example.com:3128',
        )
        .describe('`http://`, `https://` or `socks5://`, user name and password percent-encoded.'),
    }),
  ])
  .optional();

export const scrapeFields = (maxTimeoutMs: number, respectRobots: boolean) => ({
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
  fields: dataFields,
  headers: headers.describe('Request headers to send to the site.'),
  cookies: cookies.describe('Cookies to send to their sites, those of https pages only over https.'),
  session: z
    .literal('job')
    .optional()
    .describe('Cookies that sites set go back to them for as long as the job runs. Default: for one page.'),
  ...renderFields,
  proxy: proxy.describe(
    'The way to the site: `none` or `pool`, the proxies of the installation; or a proxy of your own, ' +
      'where the installation takes them. Default: as the installation has it.',
  ),
  timeout_ms: z.int().min(100).max(maxTimeoutMs).default(20_000).describe('For each page.'),
  max_age_seconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(0)
    .describe('Take an own earlier result that is not older than this. 0: always fetch.'),
  respect_robots: z.boolean().default(respectRobots).describe('Obey the robots.txt of the site.'),
  skip_tls_verification: z
    .boolean()
    .default(false)
    .describe('Take the certificate of a site whatever its fault. The page block says so.'),
  user_agent: z
    .string()
    .min(1)
    .max(300)
    .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII')
    .optional(),
});

/** A week. */
const MAX_FINISH_SECONDS = 7 * 86_400;

export const asyncFields = {
  finish_within: z
    .int()
    .min(1)
    .max(MAX_FINISH_SECONDS)
    .optional()
    .describe(
      'Seconds after which the job is over: what is not done by then fails with `deadline_exceeded`, costs ' +
        'nothing, and job and callback say `cut_short`.',
    ),
  max_concurrency: z
    .int()
    .min(1)
    .max(MAX_JOB_CONCURRENCY)
    .optional()
    .describe('The most pages that are fetched at once, over all its sites. Default: as many as they take.'),
  webhook_url: z
    .string()
    .trim()
    .max(MAX_URL_LENGTH)
    .optional()
    .describe('Where the one signed POST goes when the job ends: https, at a public address.'),
  webhook_payload: z
    .enum(WEBHOOK_PAYLOADS)
    .default('full')
    .describe(
      'For results that are large. `summary`: the counts and where to read the pages. `link`: the counts, ' +
        'and where to download the pages without a key, with their length and SHA-256.',
    ),
  webhook_headers: webhookHeaders,
  webhook_events: z
    .array(z.enum(WEBHOOK_EVENTS))
    .min(1)
    .max(3)
    .default(['job.completed'])
    .describe('Ask for more than the one POST at the end.'),
  metadata: z
    .unknown()
    .optional()
    .meta({
      shownAs: {
        description: 'Any JSON of at most 16 KiB. It comes back byte for byte in the job and its callbacks.',
      },
    }),
};
