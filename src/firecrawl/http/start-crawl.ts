import { z } from 'zod';
import { creditsLeft } from '../../accounts/credits.ts';
import { MAX_EXPRESSION_LENGTH } from '../../crawl/expressions.ts';
import type { Caller } from '../../http/locals.ts';
import { route } from '../../http/route/route.ts';
import { validate } from '../../http/route/validate.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { MAX_ASYNC_TIMEOUT_MS } from '../../jobs/http/schemas/fields.ts';
import { crawlOptions, crawlSchema } from '../../jobs/http/schemas/requests.ts';
import { maxConcurrency, ownFields, scrapeOptionsSchema, withoutUndefined } from '../scrape-options.ts';
import { startJob } from '../start-job.ts';
import { urlExpressions } from '../url-expressions.ts';
import { webhookField, webhookFields } from '../webhook.ts';

const ignored = z.unknown().optional();
/** Firecrawl's default for the most pages of a crawl, where there are credits for so many. */
const DEFAULT_LIMIT = 10_000;
const MILLISECONDS = 1000;

const expressions = z.array(z.string().max(MAX_EXPRESSION_LENGTH)).max(100).nullish();

const body = z.strictObject({
  url: z.string(),
  includePaths: expressions,
  excludePaths: expressions,
  maxDiscoveryDepth: z.int().nullish(),
  sitemap: z.enum(['skip', 'include', 'only']).nullish(),
  ignoreSitemap: z.boolean().nullish(),
  ignoreQueryParameters: z.boolean().nullish(),
  limit: z.int().nullish(),
  allowSubdomains: z.boolean().nullish(),
  allowExternalLinks: z.literal(false, 'is not served: a crawl stays on its site').nullish(),
  ignoreRobotsTxt: z.boolean().nullish(),
  delay: z.number().min(0).nullish(),
  webhook: webhookField,
  maxConcurrency,
  scrapeOptions: scrapeOptionsSchema.nullish(),
  prompt: z.null('is not served: it needs a language model').optional(),
  regexOnFullURL: z.boolean().nullish(),
  crawlEntireDomain: z.boolean().nullish(),
  deduplicateSimilarURLs: ignored,
  robotsUserAgent: ignored,
  zeroDataRetention: ignored,
  integration: ignored,
  origin: ignored,
});

export const startCrawl = route({
  id: 'firecrawlCrawl',
  method: 'post',
  path: '/v2/crawl',
  tag: 'Scraping',
  summary: 'A whole site, queued',
  access: 'account',
  body,
  idempotent: true,
  answers: { 200: { description: 'The id of the crawl.' } },
  async handle(request, context: JobContext) {
    const asked = request.body;
    const page = ownFields(asked.scrapeOptions ?? {}, MAX_ASYNC_TIMEOUT_MS);
    const own = validate(crawlSchema, {
      ...page,
      ...webhookFields(asked.webhook),
      ...withoutUndefined({
        // Firecrawl's tools for models show the start of a crawl as `/blog/*`.
        url: asked.url.replace(/\/\*$/, '/'),
        max_depth: asked.maxDiscoveryDepth ?? undefined,
        sitemap: asked.sitemap ?? (asked.ignoreSitemap ? 'skip' : undefined),
        ignore_query_parameters: asked.ignoreQueryParameters ?? undefined,
        max_pages: asked.limit ?? (await affordablePages(context, request.account, page)),
        allow_subdomains: asked.allowSubdomains ?? undefined,
        respect_robots: asked.ignoreRobotsTxt === true ? false : undefined,
        max_concurrency: asked.maxConcurrency ?? undefined,
        delay_ms: asked.delay == null ? undefined : Math.round(asked.delay * MILLISECONDS),
      }),
    });
    const options = {
      ...crawlOptions(own),
      below_seed: asked.crawlEntireDomain !== true,
      ...urlExpressions(asked),
    };
    const pages = { urls: [own.url], options };
    const job = { kind: 'crawl' as const, lane: 'bulk' as const, ...pages };
    return await startJob(request, context, { own, job, path: '/v2/crawl' });
  },
});

/**
 * How many pages of a crawl that names no limit the account and its key can pay for: at least one,
 * which is refused where they have none.
 */
async function affordablePages(
  { db, config }: JobContext,
  { id, keyId }: Caller,
  { render = false }: Record<string, unknown>,
): Promise<number> {
  const credits = render === false || config.browser === null ? 1 : config.renderCredits;
  const left = await creditsLeft(db, { account_id: id, key_id: keyId });
  return Math.max(1, Math.min(DEFAULT_LIMIT, Math.floor(left / credits)));
}
