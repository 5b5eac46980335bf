import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { accountOf } from '../api/auth.ts';
import { parseBody, parseQuery, rawBody } from '../api/json-body.ts';
import { cursorParameter, decodeCursor, encodeCursor, limitParameter } from '../api/pagination.ts';
import { notFound, Problem } from '../api/problem.ts';
import type { Context } from '../context.ts';
import { deliveryOfJob } from '../webhooks/history.ts';
import { cancelJob } from './cancel.ts';
import { sendJobEvents } from './events.ts';
import { findJob, jobView, listJobs, listPages, type Job } from './read.ts';
import { sendJob } from './send-result.ts';
import type { JobWaiter } from './wait.ts';

const MAX_WAIT_SECONDS = 25;

const listQuery = z.strictObject({
  status: z.enum(['queued', 'running', 'completed', 'failed', 'cancelled']).optional(),
  kind: z.enum(['scrape', 'batch', 'crawl']).optional(),
  limit: limitParameter(100, 20),
  cursor: cursorParameter,
});
const readQuery = z.strictObject({
  wait: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3})?$/, 'must be a number of seconds')
    .transform(Number)
    .refine((n) => n <= MAX_WAIT_SECONDS, `must be at most ${MAX_WAIT_SECONDS}`)
    .default(0),
  result: z.enum(['true', 'false']).default('true'),
});
const pagesQuery = z.strictObject({ limit: limitParameter(100, 20), cursor: cursorParameter });
const nothing = z.strictObject({});

/** Reading, watching and cancelling jobs. */
export function jobRoutes({ db }: Context, waiter: JobWaiter): Router {
  const router = Router();

  async function jobOf(req: Request, res: Response): Promise<Job> {
    const job = await findJob(db, accountOf(res), String(req.params.job_id));
    if (!job) throw notFound('job');
    return job;
  }

  async function answer(res: Response, job: Job, withResult: boolean): Promise<void> {
    const delivery = job.webhook_url === null ? null : await deliveryOfJob(db, job.account_id, job.id);
    await sendJob(db, res, job, { delivery }, withResult);
  }

  router.get('/v1/jobs', async (req, res) => {
    const { limit, cursor, ...filter } = parseQuery(req, listQuery);
    const jobs = await listJobs(db, accountOf(res), filter, limit + 1, decodeCursor(cursor, /^job_[0-9a-f]{24}$/));
    const data = jobs.slice(0, limit);
    res.json({ data: data.map(jobView), next_cursor: jobs.length > limit ? encodeCursor(data.at(-1)!.id) : null });
  });

  router.get('/v1/jobs/:job_id', async (req, res) => {
    const { wait, result } = parseQuery(req, readQuery);
    let job = await jobOf(req, res);
    if (wait > 0 && job.finished_at === null) {
      const gone = new AbortController();
      res.once('close', () => gone.abort());
      await waiter.wait(job.account_id, job.id, wait * 1000, gone.signal);
      job = await jobOf(req, res);
    }
    await answer(res, job, result === 'true');
  });

  router.get('/v1/jobs/:job_id/pages', async (req, res) => {
    const { limit, cursor } = parseQuery(req, pagesQuery);
    const job = await jobOf(req, res);
    const after = Number(decodeCursor(cursor, /^\d{1,7}$/) ?? -1);
    const pages = await listPages(db, job, limit + 1, after);
    const data = pages.slice(0, limit);
    const next = pages.length > limit ? JSON.stringify(encodeCursor(String(data.at(-1)!.ordinal))) : 'null';
    res.type('application/json').send(`{"data":[${data.map((p) => p.fragment).join(',')}],"next_cursor":${next}}`);
  });

  router.post('/v1/jobs/:job_id/cancel', rawBody('1kb'), async (req, res) => {
    parseBody(req, nothing);
    const job = await jobOf(req, res);
    const cancelled = await cancelJob(db, job.account_id, job.id);
    if (!cancelled && (await jobOf(req, res)).state !== 'cancelled')
      throw new Problem('already_finished', 'The job ended before it could be cancelled.');
    await answer(res, await jobOf(req, res), false);
  });

  router.get('/v1/jobs/:job_id/events', async (req, res) => {
    await sendJobEvents(db, res, await jobOf(req, res));
  });

  return router;
}
