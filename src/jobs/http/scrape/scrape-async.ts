import { route } from '../../../http/route/route.ts';
import type { JobContext } from '../context.ts';
import { scrapeAsyncSchema, scrapeOptions } from '../schemas/requests.ts';
import { HOOK, METADATA, queue, QUEUED } from '../create/queue.ts';

export const scrapeAsync = route({
  id: 'scrapeAsync',
  method: 'post',
  path: '/v1/scrape/async',
  tag: 'Scraping',
  summary: 'One page, queued',
  description: 'Answers at once. The page comes with the callback, or is read from the job.',
  access: 'account',
  body: scrapeAsyncSchema,
  example: { url: 'https://example.com', webhook_url: HOOK },
  limits: { verbatim: METADATA },
  idempotent: true,
  answers: QUEUED,
  async handle(request, context: JobContext) {
    const fields = { urls: [request.body.url], options: scrapeOptions(request.body) };
    return await queue(request, context, { kind: 'scrape', lane: 'interactive', ...fields });
  },
});
