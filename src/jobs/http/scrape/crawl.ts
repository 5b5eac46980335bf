import { route } from '../../../http/route/route.ts';
import type { JobContext } from '../context.ts';
import { crawlOptions, crawlSchema } from '../schemas/requests.ts';
import { HOOK, METADATA, queue, QUEUED } from '../create/queue.ts';

export const crawl = route({
  id: 'crawl',
  method: 'post',
  path: '/v1/crawl',
  tag: 'Scraping',
  summary: 'A whole site, queued',
  description: 'Follows links and the sitemap from `url` until `max_pages` pages are done.',
  access: 'account',
  body: crawlSchema,
  example: { url: 'https://docs.example.com', max_pages: 500, webhook_url: HOOK },
  limits: { verbatim: METADATA },
  idempotent: true,
  answers: QUEUED,
  async handle(request, context: JobContext) {
    const fields = { urls: [request.body.url], options: crawlOptions(request.body) };
    return await queue(request, context, { kind: 'crawl', lane: 'bulk', ...fields });
  },
});
