import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { JOB_KINDS, JOB_STATUSES, PAGE_STATUSES } from '../../../database/enumerations.ts';
import { parseQuery } from '../../../http/route/validate.ts';
import { cursorParameter, decodeCursor, encodeCursor } from '../../../http/pagination.ts';
import { notFound } from '../../../service-error.ts';
import { sendReply, untilClosed } from '../../../http/route/reply.ts';
import type { Context } from '../../../context.ts';
import { isId } from '../../../ids.ts';
import { cancelJob } from '../../../jobs/progress/cancel.ts';
import { fileReply } from '../../../jobs/http/jobs/file-reply.ts';
import { resultReply } from '../../../jobs/http/jobs/result-reply.ts';
import { resultQuery } from '../../../jobs/http/schemas/queries.ts';
import { beginDownload } from '../../../jobs/http/downloads.ts';
import { EVENT_HEADERS, jobEvents } from '../../../jobs/http/jobs/job-events.ts';
import { describeJob } from '../../../jobs/read/describe.ts';
import { deliveriesOfJobs } from '../../../webhooks/read/deliveries.ts';
import { errorsOfJob } from '../../../jobs/read/overview.ts';
import { findJob, findPage, listJobs, listPageRows, type Job } from '../../../jobs/read/jobs.ts';
import { isSinglePage } from '../../../jobs/read/result.ts';
import type { JobWaiter } from '../../../jobs/read/wait.ts';
import { anyOf, field, select } from '../../view/forms.ts';
import { html } from '../../../http/html/html.ts';
import { sendPage } from '../../view/layout.ts';
import { badge } from '../../view/parts.ts';
import { cut, pager } from '../../view/table.ts';
import { auditPage, browserSessionOf, sessionOf } from '../../session/browser-session.ts';
import { findSession } from '../../session/sessions.ts';
import { jobBody, type JobPart } from './job.ts';
import { jobTable } from './table.ts';
import { pageBody } from './page-block.ts';

const ROWS = 25;
const NOTICE = { notice: z.string().optional(), n: z.string().optional() };
const optional = <T extends string>(values: readonly T[]) =>
  z
    .enum(['', ...values])
    .transform((value) => (value === '' ? undefined : (value as T)))
    .optional();

const listQuery = z.strictObject({
  status: optional(JOB_STATUSES),
  kind: optional(JOB_KINDS),
  id: z.string().trim().max(100).optional(),
  cursor: cursorParameter,
});
const jobQuery = z.strictObject({ status: optional(PAGE_STATUSES), cursor: cursorParameter, ...NOTICE });

const TITLES = { scrape: 'Scrape', batch: 'Batch', crawl: 'Crawl', map: 'Map' };

const noJob = (filtered: boolean) =>
  filtered
    ? html`<p>No job matches.</p>`
    : html`<p>No job yet. <a href="/console/jobs/new">Queue one</a>, or call the API with your key.</p>`;

/** The account's jobs, one of them with its progress, and the content of its pages. */
export function jobPages(context: Context, waiter: JobWaiter): Router {
  const { db } = context;
  const router = Router();

  async function jobOf(req: Request, res: Response): Promise<Job> {
    const job = await findJob(db, sessionOf(res).account_id, String(req.params.job_id));
    if (!job) throw notFound('job');
    return job;
  }

  router.get('/jobs', async (req, res) => {
    const { status, kind, id, cursor } = parseQuery(req, listQuery);
    if (id !== undefined && isId('job', id)) {
      res.redirect(303, `/console/jobs/${id}`);
      return;
    }
    const { account_id } = sessionOf(res);
    const before = decodeCursor(cursor, /^job_[0-9a-f]{24}$/);
    const wrongId = id !== undefined && id !== '';
    const found = wrongId
      ? []
      : await listJobs(db, account_id, { status, kind }, { limit: ROWS + 1, before });
    const { shown, more } = cut(found, ROWS);
    const body = html`<form class="filters" action="/console/jobs" role="search" aria-label="Jobs">
        ${select({ label: 'Status', name: 'status', options: anyOf(JOB_STATUSES), value: status })}
        ${select({ label: 'Kind', name: 'kind', options: anyOf(JOB_KINDS), value: kind })}
        ${field({ label: 'Id', name: 'id', value: id, placeholder: 'job_…' })}
        <button class="button">Show</button>
      </form>
      ${
        wrongId
          ? html`<p class="problem" role="alert">“${id}” is not the id of a job.</p>`
          : await jobTable(db, shown, noJob(status !== undefined || kind !== undefined))
      }
      ${pager('/console/jobs', { status, kind, cursor }, more ? encodeCursor(shown.at(-1)!.id) : null)}`;
    const actions = html`<a class="button primary" href="/console/jobs/new">Queue a job</a>`;
    sendPage(res, { title: 'Jobs', section: 'Jobs', actions, body });
  });

  router.get('/jobs/:job_id', async (req, res) => {
    const { status, cursor } = parseQuery(req, jobQuery);
    const job = await jobOf(req, res);
    const after = Number(decodeCursor(cursor, /^\d{1,7}$/) ?? -1);
    const { shown, more } = cut(await listPageRows(db, job, { status }, { limit: ROWS + 1, after }), ROWS);
    const { url, ...found } = await describeJob(db, job);
    const deliveries = await deliveriesOfJobs(db, job.account_id, [job.id]);
    const errors = job.failed > 0 ? await errorsOfJob(db, job) : [];
    const single = isSinglePage(job.kind) ? await findPage(db, job, 0) : null;
    const part: JobPart = {
      job,
      url,
      found: found.changes
        ? { changes: found.changes, removed: found.removed ?? [], complete: found.complete === true }
        : null,
      delivery: deliveries.get(job.id),
      errors,
      pages: shown,
      status,
      cursor,
      next: more ? encodeCursor(String(shown.at(-1)!.ordinal)) : null,
    };
    sendPage(res, {
      title: TITLES[job.kind],
      section: 'Jobs',
      back: { href: '/console/jobs', label: 'Jobs' },
      actions: badge(job.status),
      body: await jobBody(res, part, single),
    });
  });

  router.get('/jobs/:job_id/events', async (req, res) => {
    const gone = AbortSignal.any([untilClosed(res), waiter.stopping]);
    const job = await jobOf(req, res);
    const { cookie } = browserSessionOf(res)!;
    const allowed = async () => (await findSession(db, cookie)) !== null;
    const body = jobEvents(waiter.watched, job, { gone, allowed });
    await sendReply(res, { headers: EVENT_HEADERS, body }, 'text/event-stream');
  });

  router.get('/jobs/:job_id/files/:name', async (req, res) => {
    const { name } = req.params;
    const job = await jobOf(req, res);
    await beginDownload(job.account_id, untilClosed(res));
    await sendReply(res, await fileReply(db, job, { name, headers: req.headers }));
  });

  router.get('/jobs/:job_id/pages/:ordinal', async (req, res) => {
    const job = await jobOf(req, res);
    const { ordinal } = req.params;
    await beginDownload(job.account_id, untilClosed(res));
    const page = /^\d{1,7}$/.test(ordinal) ? await findPage(db, job, Number(ordinal)) : null;
    if (!page) throw notFound('page');
    sendPage(res, {
      title: `Page ${page.ordinal + 1}`,
      section: 'Jobs',
      back: { href: `/console/jobs/${job.id}`, label: 'Job' },
      actions: badge(page.status),
      body: await pageBody(page),
    });
  });

  router.get('/jobs/:job_id/result', async (req, res) => {
    const { format } = parseQuery(req, resultQuery);
    const job = await jobOf(req, res);
    await beginDownload(job.account_id, untilClosed(res));
    await sendReply(res, await resultReply(db, job, { format, asked: req.headers }));
  });

  router.post('/jobs/:job_id/cancel', async (req, res) => {
    const job = await jobOf(req, res);
    const done = await cancelJob(context, job.account_id, job.id);
    if (done) await auditPage(db, res, 'job.cancel', job.id);
    res.redirect(303, `/console/jobs/${job.id}?notice=${done ? 'cancelled' : 'ended'}`);
  });

  return router;
}
