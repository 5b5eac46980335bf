import { z } from 'zod';
import { PAGE_CHANGES, SETTLED_PAGE_STATUSES } from '../../../database/enumerations.ts';
import { listOf, named, timestamp } from '../../../http/schemas.ts';
import { BLOCK_KINDS } from '../../../scrape/block/index.ts';
import {
  EMPTY_REASONS,
  FILE_ERRORS,
  PAGE_ERRORS,
  type EmptyReason,
  type FileErrorCode,
  type PageErrorCode,
} from '../../../scrape/types.ts';
import { deliveryStatus } from '../../../webhooks/http/schemas.ts';
import { jobKind, jobStatus } from './queries.ts';

export const count = z.int().min(0);
export const counts = {
  total: count.describe('Pages of the job. A crawl finds more while it runs.'),
  succeeded: count.describe(
    'Pages that came back, whatever their HTTP status. Each costs one credit, but for ' +
      'block pages and for empty ones that were not read.',
  ),
  failed: count.describe('Pages that did not come back.'),
  skipped: count.describe('Pages that the crawl left out: duplicates, out of scope, refused by robots.txt.'),
  cancelled: count.describe('Pages that were not done when the job was cancelled.'),
  blocked: count.describe(
    'Of the succeeded and failed pages, those that the site blocked. They cost nothing.',
  ),
};
export const cutShort = z
  .boolean()
  .describe('Whether the time of `finish_within` was up before all pages were done.');
export const metadata = z
  .unknown()
  .optional()
  .meta({ shownAs: { description: 'The `metadata` of the request, byte for byte but for white space.' } });

const pageMetadata = named(
  'PageMetadata',
  z
    .looseObject({
      title: z.string().nullable(),
      description: z.string().nullable(),
      language: z.string().nullable().describe('A BCP 47 tag.'),
      canonical_url: z.string().nullable(),
      type: z.string().optional().describe('What JSON-LD calls the page, like `NewsArticle`.'),
      site_name: z.string().optional(),
      author: z.string().optional(),
      published_time: z.string().optional(),
      modified_time: z.string().optional(),
      section: z.string().optional(),
      keywords: z.array(z.string()).optional(),
      favicon: z.string().optional(),
      robots: z.string().optional(),
      generator: z.string().optional(),
      feeds: z
        .array(z.strictObject({ url: z.string(), title: z.string().nullable(), type: z.string() }))
        .optional(),
      alternates: z.array(z.strictObject({ hreflang: z.string(), url: z.string() })).optional(),
      json_ld: z.array(z.unknown()).optional().describe('JSON-LD objects of the page.'),
      microdata: z.array(z.unknown()).optional(),
    })
    .describe(
      'What a page says about itself. Open Graph and Twitter cards are there too, as og_… and twitter_….',
    ),
);

const pageImage = named(
  'PageImage',
  z
    .strictObject({
      url: z.string().describe('Absolute, of the largest version.'),
      alt: z.string().nullable(),
      width: z.int().nullable().describe('As the page declares it, in pixels.'),
      height: z.int().nullable(),
    })
    .describe('A picture of a page. What the page does not say is null.'),
);

const pageResponse = named(
  'PageResponse',
  z
    .strictObject({
      status: z.int(),
      headers: z.record(z.string(), z.string()).describe('By lower-case name, without Set-Cookie.'),
      redirects: z
        .array(z.strictObject({ url: z.string(), status: z.int().nullable() }))
        .describe('The first is of the URL that was asked for. No status where a browser followed it.'),
    })
    .describe('How the site answered.'),
);

const pageFile = named(
  'PageFile',
  z
    .strictObject({
      name: z.string().describe('Unique within the job: it begins with the index of the page.'),
      path: z.string().describe('Where it is read, with your key, for as long as the job is kept.'),
      type: z.string().describe('A media type.'),
      bytes: z.int().min(0),
      sha256: z.string().describe('In hex.'),
      width: z.int().min(1).optional().describe('Of a picture, in pixels.'),
      height: z.int().min(1).optional(),
      truncated: z.literal(true).optional().describe('The page goes on below the picture.'),
    })
    .describe('A screenshot or a PDF of a page.'),
);

/** The result of one URL: the same in every answer and callback. */
export const pageBlock = named(
  'Page',
  z
    .strictObject({
      url: z.string().describe('The URL that was asked for.'),
      final_url: z.string().nullable().describe('The URL that answered, after redirects.'),
      status: z.enum(SETTLED_PAGE_STATUSES).describe('`ok`: an answer came back, whatever its HTTP status.'),
      http_status: z.int().nullable(),
      content_type: z.string().nullable(),
      markdown: z.string().optional(),
      html: z.string().optional(),
      raw_html: z
        .string()
        .nullable()
        .optional()
        .describe('The text as it came, or as the browser left it. Null for PDFs and office documents.'),
      text: z.string().optional(),
      links: z.array(z.string()).optional().describe('Absolute URLs, each once, in document order.'),
      images: z.array(pageImage).optional().describe('Of an HTML page, each once, in document order.'),
      response: pageResponse.optional(),
      data: z.record(z.string(), z.unknown()).optional().describe('The values of `fields`, by name.'),
      data_errors: z
        .array(
          z.strictObject({ path: z.string(), code: z.enum(['missing', 'invalid']), message: z.string() }),
        )
        .optional()
        .describe('What is wrong with them: a required one is missing, or a text is no number, date or URL.'),
      urls: z
        .array(
          z.strictObject({
            url: z.string(),
            title: z.string().optional().describe('Of the start page, or the text of its link.'),
            lastmod: z.string().optional().describe('When it last changed, as a sitemap says.'),
          }),
        )
        .optional()
        .describe('Of a map: the URLs of the site. The block is that of its start page.'),
      complete: z
        .boolean()
        .optional()
        .describe('Of a map: whether all was read that names URLs, and all of them are listed.'),
      files: z.array(pageFile).optional().describe('What the browser made of the page, as files of the job.'),
      file_errors: z
        .array(
          z.strictObject({
            name: z.string(),
            code: z.enum(Object.keys(FILE_ERRORS) as [FileErrorCode]),
            message: z.string(),
          }),
        )
        .optional()
        .describe('The files that could not be made, and why.'),
      metadata: pageMetadata,
      truncated: z
        .literal(true)
        .optional()
        .describe('The answer ended early: the formats hold what came of it.'),
      rendered: z.literal(true).optional().describe('A browser ran the scripts of the page.'),
      empty: z.literal(true).optional().describe('There is no text to show. `empty_reason` says why.'),
      empty_reason: z
        .enum(Object.keys(EMPTY_REASONS) as [EmptyReason])
        .optional()
        .describe(
          'A page that needs JavaScript and a scanned document cost no credit: what they hold was not read.',
        ),
      via: z
        .union([z.int().min(1), z.literal('caller')])
        .optional()
        .describe('The proxy that it came through: its number among those of the installation, or your own.'),
      skip_tls_verification: z
        .literal(true)
        .optional()
        .describe('The certificate of the site was not verified, as the request asked.'),
      block: z
        .strictObject({
          kind: z.enum(BLOCK_KINDS),
          vendor: z.string().nullable().describe('Whose product it is, where its marks show that.'),
          evidence: z.string().describe('The marks that it was told by.'),
        })
        .nullable()
        .describe(
          'What stands between the visitor and the page: the formats hold that instead of the page, ' +
            'which costs no credit. Null where nothing does.',
        ),
      change: z
        .enum(PAGE_CHANGES)
        .optional()
        .describe(
          'Of a run of a schedule: what became of the page since the run before. An unchanged page ' +
            'that is no part of the result comes without its formats.',
        ),
      sha256: z.string().optional().describe('Of a run of a schedule: names this content of the page.'),
      previous_sha256: z.string().optional().describe('The same of the content of the run before.'),
      diff: z
        .string()
        .nullable()
        .optional()
        .describe(
          'Unified, between the Markdown of the run before and that of this one, or the values of `fields` ' +
            'as JSON. Null where they are too large or too different, or the job was another one.',
        ),
      error: z
        .strictObject({ code: z.enum(Object.keys(PAGE_ERRORS) as [PageErrorCode]), message: z.string() })
        .nullable()
        .describe('Null where the page is ok. The codes are explained at /docs/errors.'),
      fetched_at: timestamp,
      duration_ms: z.int().min(0),
    })
    .describe('A page that came back or did not, with the formats that were asked for.'),
);

/** A page block. Those stored before a field existed lack it. */
export type PageBlock = z.infer<typeof pageBlock>;

export const batchResult = named('BatchResult', z.strictObject({ pages: z.array(pageBlock), ...counts }));
/** The `result` of a job: a page for a single page, else the form of a batch. */
export const jobResult = named('JobResult', z.union([pageBlock, batchResult]));
export const queuedAnswer = named(
  'Queued',
  z.strictObject({
    status: z.literal('queued'),
    job_id: z.string(),
    estimated_seconds: z
      .int()
      .nullable()
      .describe(
        'How long the delays between fetches make it take, as far as they are known; of a crawl, for ' +
          '`max_pages`. Null where none is known.',
      ),
  }),
);

/** What an ended run of a schedule says of its changes. */
export const runFields = {
  schedule_id: z.string().optional().describe('The schedule whose run the job is.'),
  run: z.int().min(1).optional().describe('The number of the run.'),
  changes: z
    .strictObject({ added: count, changed: count, removed: count, unchanged: count })
    .optional()
    .describe('Pages by what became of them since the run before.'),
  complete: z
    .boolean()
    .optional()
    .describe('Whether the run saw all pages. Where it may have missed some, none counts as removed.'),
  removed: z
    .array(z.string())
    .optional()
    .describe('The URLs of the pages that are gone, sorted: 1,000 at most.'),
  removed_truncated: z
    .literal(true)
    .optional()
    .describe('There are more: `GET /v1/schedules/{schedule_id}/runs/{run}` has them all.'),
};

const jobFields = {
  job_id: z.string(),
  kind: jobKind,
  status: jobStatus,
  ...runFields,
  total: counts.total,
  remaining: count.describe('Pages that are still to be done.'),
  succeeded: counts.succeeded,
  failed: counts.failed,
  skipped: counts.skipped,
  cancelled: counts.cancelled,
  blocked: counts.blocked,
  cut_short: cutShort,
  finish_by: timestamp.nullable().describe('When it is over at the latest: `finish_within` of the request.'),
  url: z.string().nullable().describe('Its page, the first of a batch, or where its crawl began.'),
  options: z
    .looseObject({ formats: z.array(z.string()), headers: z.array(z.string()) })
    .describe(
      'The options of the request with every default filled in; of its headers and cookies, not the values.',
    ),
  webhook_url: z.string().nullable(),
  metadata,
  created_at: timestamp,
  started_at: timestamp.nullable().describe('When its first page was taken.'),
  finished_at: timestamp.nullable(),
  duration_ms: z.int().nullable().describe('From its start to its end.'),
  delivery: z
    .strictObject({ id: z.string(), status: deliveryStatus })
    .nullable()
    .describe('The delivery of its webhook, once there is one.'),
};
export const jobSummary = named('JobSummary', z.strictObject(jobFields));
export const jobAnswer = named(
  'Job',
  z.strictObject({
    ...jobFields,
    result: z
      .union([pageBlock, batchResult])
      .optional()
      .describe('Once the job has ended: a page for a single page, else the form of POST /v1/scrape/batch.'),
  }),
);
export const jobList = named('JobList', listOf(jobSummary));
export const pageList = named('PageList', listOf(pageBlock));
