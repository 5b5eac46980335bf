import { route } from '../../../http/route/route.ts';
import type { JobContext } from '../context.ts';
import { batchResult } from '../schemas/answers.ts';
import { batchSchema, scrapeOptions } from '../schemas/requests.ts';
import { requireUrls } from '../create/require-urls.ts';
import { answerNow, SYNC_BUDGET_MS } from '../create/answer-now.ts';

export const scrapeBatch = route({
  id: 'scrapeBatch',
  method: 'post',
  path: '/v1/scrape/batch',
  tag: 'Scraping',
  summary: 'Up to 100 pages, now',
  description: 'Answers within 25 s; what is not done by then is `failed` with `deadline_exceeded`.',
  access: 'account',
  body: batchSchema,
  example: { urls: ['https://example.com', 'https://example.org'] },
  idempotent: true,
  answers: { 200: { description: 'The pages, in the order of the request.', schema: batchResult } },
  async handle(request, context: JobContext) {
    const { urls, invalid_urls } = request.body;
    const fields = { urls: await requireUrls(urls, invalid_urls), options: scrapeOptions(request.body) };
    return await answerNow(
      request,
      context,
      { kind: 'batch', lane: 'interactive', sync: true, ...fields },
      SYNC_BUDGET_MS,
    );
  },
});
