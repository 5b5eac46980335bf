import { z } from 'zod';
import { route } from '../../http/route/route.ts';
import { validate } from '../../http/route/validate.ts';
import type { JobContext } from '../../jobs/http/context.ts';
import { MAX_ASYNC_TIMEOUT_MS, MAX_LIST_BYTES } from '../../jobs/http/schemas/fields.ts';
import { batchAsyncSchema, scrapeOptions } from '../../jobs/http/schemas/requests.ts';
import { requireUrls, sortUrls } from '../../jobs/http/create/require-urls.ts';
import { invalidField } from '../../service-error.ts';
import { maxConcurrency, ownFields, scrapeOptionFields } from '../scrape-options.ts';
import { startJob } from '../start-job.ts';
import { webhookField, webhookFields } from '../webhook.ts';

const body = z.strictObject({
  urls: z.array(z.unknown()).min(1).max(100_000),
  webhook: webhookField,
  ignoreInvalidURLs: z.boolean().nullish(),
  appendToId: z.null('is not served: start another batch').optional(),
  options: z.unknown().optional(),
  ...scrapeOptionFields,
  maxConcurrency,
});

/** The same under each version of Firecrawl's API. */
const startBatchAt = (path: '/v2/batch/scrape' | '/v1/batch/scrape') =>
  route({
    id: `firecrawlBatch${path.slice(1, 3)}`,
    method: 'post',
    path,
    tag: 'Scraping',
    summary: 'Many pages, queued',
    access: 'account',
    body,
    limits: { bytes: MAX_LIST_BYTES, values: 110_000 },
    idempotent: true,
    answers: { 200: { description: 'The id of the batch.' } },
    async handle(request, context: JobContext) {
      const { urls, webhook, ignoreInvalidURLs, appendToId: _, options: __, ...options } = request.body;
      const { valid, invalid } = await judge(urls, ignoreInvalidURLs);
      if (valid.length === 0) throw invalidField('urls', 'none of them is an http(s) URL');
      const own = validate(batchAsyncSchema, {
        urls: valid,
        ...ownFields(options, MAX_ASYNC_TIMEOUT_MS),
        ...webhookFields(webhook),
        max_concurrency: options.maxConcurrency ?? undefined,
      });
      const pages = { urls: valid, options: scrapeOptions(own) };
      const job = { kind: 'batch', lane: 'bulk', ...pages } as const;
      const more = invalid.length > 0 ? { invalidURLs: invalid } : {};
      return await startJob(request, context, { own, job, path, more });
    },
  });

/** Firecrawl leaves out what is no URL unless it is told otherwise: then that is refused. */
async function judge(
  urls: unknown[],
  ignoreInvalid: boolean | null | undefined,
): Promise<{ valid: string[]; invalid: unknown[] }> {
  if (ignoreInvalid === false) return { valid: await requireUrls(urls, 'reject'), invalid: [] };
  const sorted = await sortUrls(urls, { invalidUrls: 'reject', maxFaults: Infinity });
  return { valid: sorted.urls, invalid: sorted.faults.map(({ value }) => value) };
}

export const startBatch = startBatchAt('/v2/batch/scrape');
export const startBatchV1 = startBatchAt('/v1/batch/scrape');
