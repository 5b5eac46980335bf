import { Router, type Request, type Response } from 'express';
import { accountOf, requestIdOf } from '../../http/auth.ts';
import { bodyBytes, parseBody, rawBody } from '../../http/json-body.ts';
import { invalidField, Problem } from '../../http/problem.ts';
import { traceOf } from '../../http/request-trace.ts';
import type { Context } from '../../context.ts';
import { failPending } from '../cancel.ts';
import { createJob, type NewJob } from '../create.ts';
import { requestDigest, type IdempotencyClaim } from '../idempotency.ts';
import { findJob } from '../read.ts';
import { sendResult } from './send-result.ts';
import {
  batchAsyncSchema,
  batchSchema,
  crawlOptions,
  crawlSchema,
  scrapeAsyncSchema,
  scrapeOptions,
  scrapeSchema,
  type AsyncFields,
} from './schemas.ts';
import { checkWebhookUrl } from '../../webhooks/http/check-url.ts';
import type { JobWaiter } from '../wait.ts';

/** A synchronous answer is complete within this time. */
const SYNC_BUDGET_MS = 25_000;
const SMALL_BODY = '1mb';
/** 100,000 URLs. */
const BATCH_BODY = '16mb';

type Fields = Pick<NewJob, 'kind' | 'lane' | 'sync' | 'urls' | 'options'> &
  Partial<
    Pick<NewJob, 'metadata' | 'webhook_url' | 'webhook_payload' | 'webhook_headers' | 'webhook_events'>
  >;

/** The five ways to have pages scraped. */
export function scrapeRoutes(context: Context, waiter: JobWaiter): Router {
  const { db, boss } = context;
  const router = Router();

  async function create(req: Request, res: Response, fields: Fields) {
    const created = await createJob(db, boss, {
      metadata: null,
      webhook_url: null,
      webhook_payload: 'full',
      webhook_headers: null,
      webhook_events: [],
      ...fields,
      account_id: accountOf(res),
      request_id: requestIdOf(res),
      traceparent: traceOf(res),
      idempotency: idempotencyClaim(req),
    });
    const facts = {
      request_id: requestIdOf(res),
      job_id: created.job_id,
      kind: fields.kind,
      pages: fields.urls.length,
    };
    if (!created.repeated) context.log.info(facts, 'job created');
    return created;
  }

  /** Creates a job, waits for its end, and answers with its result; what is not done in time has failed. */
  async function answerNow(req: Request, res: Response, fields: Fields, budgetMs: number): Promise<void> {
    const account = accountOf(res);
    const { job_id, repeated } = await create(req, res, fields);
    if (repeated && (await findJob(db, account, job_id))?.finished_at === null) {
      throw new Problem('idempotency_busy', 'The first request with this key is still running.', {
        headers: { 'Retry-After': '1' },
      });
    }
    if (!(await waiter.wait(account, job_id, budgetMs)))
      await failPending(context, account, job_id, 'deadline_exceeded');
    const job = await findJob(db, account, job_id);
    if (!job) throw new Problem('not_found', 'The job of this Idempotency-Key has been removed.');
    await sendResult(db, res, job);
  }

  async function queue(
    req: Request,
    res: Response,
    fields: Fields & { webhook_url: string | null },
  ): Promise<void> {
    if (fields.webhook_url !== null) await checkWebhookUrl(context.egress, fields.webhook_url);
    const { job_id } = await create(req, res, fields);
    res.status(202).location(`/v1/jobs/${job_id}`).json({ status: 'queued', job_id });
  }

  router.post('/v1/scrape', rawBody(SMALL_BODY), async (req, res) => {
    const body = parseBody(req, scrapeSchema);
    const fields: Fields = {
      kind: 'scrape',
      lane: 'interactive',
      sync: true,
      urls: [body.url],
      options: scrapeOptions(body),
    };
    await answerNow(req, res, fields, Math.min(body.timeout_ms + 2000, SYNC_BUDGET_MS + 1000));
  });

  router.post('/v1/scrape/batch', rawBody(SMALL_BODY), async (req, res) => {
    const body = parseBody(req, batchSchema);
    const fields: Fields = {
      kind: 'batch',
      lane: 'interactive',
      sync: true,
      urls: body.urls,
      options: scrapeOptions(body),
    };
    await answerNow(req, res, fields, SYNC_BUDGET_MS);
  });

  router.post('/v1/scrape/async', rawBody(SMALL_BODY), async (req, res) => {
    const body = parseBody(req, scrapeAsyncSchema);
    await queue(req, res, {
      kind: 'scrape',
      lane: 'interactive',
      sync: false,
      urls: [body.url],
      options: scrapeOptions(body),
      ...asyncFields(body),
    });
  });

  router.post('/v1/scrape/batch/async', rawBody(BATCH_BODY), async (req, res) => {
    const body = parseBody(req, batchAsyncSchema);
    await queue(req, res, {
      kind: 'batch',
      lane: 'bulk',
      sync: false,
      urls: body.urls,
      options: scrapeOptions(body),
      ...asyncFields(body),
    });
  });

  router.post('/v1/crawl', rawBody(SMALL_BODY), async (req, res) => {
    const body = parseBody(req, crawlSchema);
    await queue(req, res, {
      kind: 'crawl',
      lane: 'bulk',
      sync: false,
      urls: [body.url],
      options: crawlOptions(body),
      ...asyncFields(body),
    });
  });

  return router;
}

function asyncFields(body: AsyncFields) {
  return {
    webhook_url: body.webhook_url ?? null,
    webhook_payload: body.webhook_payload,
    webhook_headers: body.webhook_headers ?? null,
    webhook_events: [...new Set(body.webhook_events)],
    metadata: body.metadata === undefined ? null : JSON.stringify(body.metadata),
  };
}

function idempotencyClaim(req: Request): IdempotencyClaim | null {
  const key = req.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw invalidField('Idempotency-Key', 'must have 1 to 255 printable ASCII characters');
  }
  return { key, request_sha256: requestDigest(req.path, bodyBytes(req)) };
}
