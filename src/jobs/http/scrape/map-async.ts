import { route } from '../../../http/route/route.ts';
import type { JobContext } from '../context.ts';
import { mapAsyncSchema, mapOptions } from '../schemas/requests.ts';
import { HOOK, METADATA, queue, QUEUED } from '../create/queue.ts';

export const mapAsync = route({
  id: 'mapAsync',
  method: 'post',
  path: '/v1/map/async',
  tag: 'Scraping',
  summary: 'The URLs of a large site, queued',
  description:
    'Answers at once. The URLs come with the callback, or are read from the job. Costs one credit.',
  access: 'account',
  body: mapAsyncSchema,
  example: { url: 'https://docs.example.com', max_urls: 100_000, webhook_url: HOOK },
  limits: { verbatim: METADATA },
  idempotent: true,
  answers: QUEUED,
  async handle(request, context: JobContext) {
    const fields = { urls: [request.body.url], options: mapOptions(request.body) };
    return await queue(request, context, { kind: 'map', lane: 'bulk', ...fields });
  },
});
