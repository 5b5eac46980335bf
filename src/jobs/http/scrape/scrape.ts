import { route } from '../../../http/route/route.ts';
import type { JobContext } from '../context.ts';
import { pageBlock } from '../schemas/answers.ts';
import { scrapeOptions, scrapeSchema } from '../schemas/requests.ts';
import { answerNow, SYNC_BUDGET_MS } from '../create/answer-now.ts';

export const scrape = route({
  id: 'scrape',
  method: 'post',
  path: '/v1/scrape',
  tag: 'Scraping',
  summary: 'One page, now',
  description: 'Answers when the page is done: within `timeout_ms` and a little.',
  access: 'account',
  body: scrapeSchema,
  example: { url: 'https://example.com', format: 'markdown' },
  idempotent: true,
  answers: { 200: { description: 'The page, or why it did not come back.', schema: pageBlock } },
  async handle(request, context: JobContext) {
    const { body } = request;
    const budgetMs = Math.min(body.timeout_ms + 2000, SYNC_BUDGET_MS + 1000);
    const fields = { urls: [body.url], options: scrapeOptions(body) };
    return await answerNow(
      request,
      context,
      { kind: 'scrape', lane: 'interactive', sync: true, ...fields },
      budgetMs,
    );
  },
});
