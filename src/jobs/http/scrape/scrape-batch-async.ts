import { route } from '../../../http/route.ts';
import type { JobContext } from '../context.ts';
import { batchAsyncSchema, scrapeOptions } from '../schemas/requests.ts';
import { HOOK, queue, QUEUED } from './queue.ts';

export const scrapeBatchAsync = route({
  id: 'scrapeBatchAsync',
  method: 'post',
  path: '/v1/scrape/batch/async',
  tag: 'Scraping',
  summary: 'Up to 100,000 pages, queued',
  description: 'Answers at once. The pages come with the callback, or are read from the job.',
  access: 'account',
  body: batchAsyncSchema,
  bodyLimit: 16 * 1024 * 1024,
  example: {
    urls: ['https://a.example.com', 'https://b.example.com'],
    format: 'markdown',
    webhook_url: HOOK,
  },
  idempotent: true,
  answers: QUEUED,
  async handle(request, context: JobContext) {
    const fields = { urls: request.body.urls, options: scrapeOptions(request.body) };
    return await queue(request, context, { kind: 'batch', lane: 'bulk', ...fields });
  },
});
