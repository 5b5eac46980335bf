import { z } from 'zod';
import { route } from '../../http/route/route.ts';
import { validate } from '../../http/route/validate.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { answerNow } from '../../jobs/http/create/answer-now.ts';
import { mapBudgetMs } from '../../jobs/http/scrape/map.ts';
import { mapLines } from '../../jobs/http/scrape/map-lines.ts';
import { MAX_SYNC_TIMEOUT_MS } from '../../jobs/http/schemas/fields.ts';
import { mapOptions, mapSchema } from '../../jobs/http/schemas/requests.ts';
import type { PageBlock } from '../../jobs/http/schemas/answers.ts';
import { ScrapeFailedError } from '../errors.ts';
import { ownFields, withoutUndefined } from '../scrape-options.ts';

const ignored = z.unknown().optional();

const body = z.strictObject({
  url: z.string(),
  search: z.string().nullish(),
  sitemap: z.enum(['skip', 'include', 'only']).nullish(),
  includeSubdomains: z.boolean().nullish(),
  ignoreQueryParameters: z.boolean().nullish(),
  limit: z.int().nullish(),
  timeout: z.number().min(1).nullish(),
  headers: z.record(z.string().max(200), z.string().max(8192)).nullish(),
  location: ignored,
  ignoreCache: ignored,
  useIndex: ignored,
  filterByPath: ignored,
  integration: ignored,
  origin: ignored,
});

export const map = route({
  id: 'firecrawlMap',
  method: 'post',
  path: '/v2/map',
  tag: 'Scraping',
  summary: 'The URLs of a site, now',
  access: 'account',
  body,
  answers: { 200: { description: 'The links.' } },
  async handle(request, context: JobContext) {
    const asked = request.body;
    const own = validate(mapSchema, {
      ...withoutUndefined({
        url: asked.url,
        search: asked.search ?? undefined,
        sitemap: asked.sitemap ?? undefined,
        max_urls: asked.limit ?? undefined,
        headers: asked.headers ?? undefined,
        timeout_ms: ownFields({ timeout: asked.timeout }, MAX_SYNC_TIMEOUT_MS)['timeout_ms'],
      }),
      // Firecrawl's default.
      allow_subdomains: asked.includeSubdomains ?? true,
      ignore_query_parameters: asked.ignoreQueryParameters ?? true,
    });
    const budgetMs = mapBudgetMs(own.timeout_ms);
    const fields = { urls: [own.url], options: mapOptions(own) };
    const job = { kind: 'map', lane: 'interactive', sync: true, ...fields } as const;
    const { lines, block } = await mapLines((await answerNow(request, context, job, budgetMs)).body!);
    if (block !== null) throw new ScrapeFailedError((JSON.parse(block) as PageBlock).error!);
    return { body: linksOf(lines) };
  },
});

/** Our URLs have the fields of Firecrawl's links, and `lastmod`. */
async function* linksOf(lines: Iterable<string>): AsyncGenerator<string> {
  yield '{"success":true,"links":[';
  let comma = '';
  for (const line of lines) {
    yield comma + line;
    comma = ',';
  }
  yield ']}';
}
