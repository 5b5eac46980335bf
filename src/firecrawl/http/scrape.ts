import { z } from 'zod';
import { bodyText } from '../../http/route/reply.ts';
import { route } from '../../http/route/route.ts';
import { validate } from '../../http/route/validate.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { answerNow, SYNC_BUDGET_MS } from '../../jobs/http/create/answer-now.ts';
import { MAX_SYNC_TIMEOUT_MS } from '../../jobs/http/schemas/fields.ts';
import { scrapeOptions, scrapeSchema } from '../../jobs/http/schemas/requests.ts';
import { documentOf } from '../../jobs/read/firecrawl-document.ts';
import type { PageBlock } from '../../jobs/http/schemas/answers.ts';
import { ScrapeFailedError } from '../errors.ts';
import { ownFields, scrapeOptionFields } from '../scrape-options.ts';

export const scrape = route({
  id: 'firecrawlScrape',
  method: 'post',
  path: '/v2/scrape',
  tag: 'Scraping',
  summary: 'One page, now',
  access: 'account',
  body: z.strictObject({ url: z.string(), ...scrapeOptionFields }),
  answers: { 200: { description: 'The document.' } },
  async handle(request, context: JobContext) {
    const { url, ...options } = request.body;
    const fields = ownFields(options, MAX_SYNC_TIMEOUT_MS);
    const body = validate(scrapeSchema, { url, ...fields });
    const budgetMs = Math.min(body.timeout_ms + 2000, SYNC_BUDGET_MS + 1000);
    const job = { urls: [body.url], options: scrapeOptions(body) };
    const answer = await answerNow(
      request,
      context,
      { kind: 'scrape', lane: 'interactive', sync: true, ...job },
      budgetMs,
    );
    const block = JSON.parse(await bodyText(answer.body)) as PageBlock;
    if (block.error !== null) throw new ScrapeFailedError(block.error);
    const { requestId: id, origin } = request;
    return { json: { success: true, data: documentOf(block, { id, origin }) } };
  },
});
