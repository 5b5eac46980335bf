import { route } from '../../../http/route/route.ts';
import type { JobContext } from '../context.ts';
import { MAX_LIST_BYTES } from '../schemas/fields.ts';
import { batchAsyncSchema, scrapeOptions } from '../schemas/requests.ts';
import { requireUrls } from '../create/require-urls.ts';
import { HOOK, METADATA, queue, QUEUED } from '../create/queue.ts';

export const scrapeBatchAsync = route({
  id: 'scrapeBatchAsync',
  method: 'post',
  path: '/v1/scrape/batch/async',
  tag: 'Scraping',
  summary: 'Up to 100,000 pages, queued',
  description: 'Answers at once. The pages come with the callback, or are read from the job.',
  access: 'account',
  body: batchAsyncSchema,
  limits: { bytes: MAX_LIST_BYTES, values: 110_000, verbatim: METADATA },
  example: {
    urls: ['https://a.example.com', 'https://b.example.com'],
    format: 'markdown',
    webhook_url: HOOK,
  },
  idempotent: true,
  answers: QUEUED,
  async handle(request, context: JobContext) {
    const { urls, invalid_urls } = request.body;
    const fields = { urls: await requireUrls(urls, invalid_urls), options: scrapeOptions(request.body) };
    return await queue(request, context, { kind: 'batch', lane: 'bulk', ...fields });
  },
});
