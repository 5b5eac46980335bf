import { Router, type Request, type Response } from 'express';
import { accountOf } from '../../http/auth.ts';
import { untilClosed } from '../../http/closed.ts';
import { parseNothing, parseQuery, rawBody } from '../../http/json-body.ts';
import { decodeCursor, encodeCursor } from '../../http/pagination.ts';
import { notFound, Problem } from '../../http/problem.ts';
import type { Context } from '../../context.ts';
import { deliveryOfJob } from '../../webhooks/outbox/history.ts';
import { cancelJob } from '../cancel.ts';
import { sendJobEvents } from './events.ts';
import { findJob, jobETag, jobView, listJobs, listPages, type Job } from '../read.ts';
import { jobListQuery, jobQuery, pageListQuery } from './schemas.ts';
import { sendJob } from './send-result.ts';
import type { JobWaiter } from '../wait.ts';

/** Reading, watching and cancelling jobs. */
export function jobRoutes(context: Context, waiter: JobWaiter): Router {
  const { db } = context;
  const router = Router();

  async function jobOf(req: Request, res: Response): Promise<Job> {
    const job = await findJob(db, accountOf(res), String(req.params.job_id));
    if (!job) throw notFound('job');
    return job;
  }

  async function deliveryFor(job: Job) {
    return job.webhook_url === null ? null : await deliveryOfJob(db, job.account_id, job.id);
  }

  router.get('/v1/jobs', async (req, res) => {
    const { limit, cursor, ...filter } = parseQuery(req, jobListQuery);
    const jobs = await listJobs(
      db,
      accountOf(res),
      filter,
      limit + 1,
      decodeCursor(cursor, /^job_[0-9a-f]{24}$/),
    );
    const data = jobs.slice(0, limit);
    res.json({
      data: data.map(jobView),
      next_cursor: jobs.length > limit ? encodeCursor(data.at(-1)!.id) : null,
    });
  });

  router.get('/v1/jobs/:job_id', async (req, res) => {
    const { wait, result } = parseQuery(req, jobQuery);
    let job = await jobOf(req, res);
    if (wait > 0 && job.finished_at === null) {
      const signal = AbortSignal.any([untilClosed(res), waiter.stopping]);
      await waiter.wait(job.account_id, job.id, wait * 1000, signal);
      job = await jobOf(req, res);
    }
    const delivery = await deliveryFor(job);
    res.set('Cache-Control', 'private, no-cache');
    if (job.finished_at !== null) {
      const etag = jobETag(job, delivery?.status ?? null, result === 'true');
      res.set('ETag', etag);
      if (hasETag(req, etag)) {
        res.status(304).end();
        return;
      }
    }
    await sendJob(db, res, job, { delivery }, result === 'true');
  });

  router.get('/v1/jobs/:job_id/pages', async (req, res) => {
    const { limit, cursor } = parseQuery(req, pageListQuery);
    const job = await jobOf(req, res);
    const after = Number(decodeCursor(cursor, /^\d{1,7}$/) ?? -1);
    const { pages, more } = await listPages(db, job, limit, after);
    const next = more ? JSON.stringify(encodeCursor(String(pages.at(-1)!.ordinal))) : 'null';
    res
      .type('application/json')
      .send(`{"data":[${pages.map((p) => p.fragment).join(',')}],"next_cursor":${next}}`);
  });

  router.post('/v1/jobs/:job_id/cancel', rawBody('1kb'), async (req, res) => {
    parseNothing(req);
    const job = await jobOf(req, res);
    const cancelled = await cancelJob(context, job.account_id, job.id);
    if (!cancelled && (await jobOf(req, res)).status !== 'cancelled')
      throw new Problem('already_finished', 'The job ended before it could be cancelled.');
    const ended = await jobOf(req, res);
    await sendJob(db, res, ended, { delivery: await deliveryFor(ended) }, false);
  });

  router.get('/v1/jobs/:job_id/events', async (req, res) => {
    await sendJobEvents(db, res, await jobOf(req, res), waiter.stopping);
  });

  return router;
}

/** RFC 9110, 13.1.2. Not Express's `fresh`: it minds the `Cache-Control: no-cache` that fetch() adds to every such request. */
function hasETag(req: Request, etag: string): boolean {
  const given = req.headers['if-none-match'] ?? '';
  return given.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
