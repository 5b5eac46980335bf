import { Router, type Response } from 'express';
import { z } from 'zod';
import { html } from '../../../http/html/html.ts';
import { parseQuery, parseValue } from '../../../http/route/validate.ts';
import type { IdempotencyClaim } from '../../../jobs/idempotency.ts';
import { createJob } from '../../../jobs/create.ts';
import type { JobContext } from '../../../jobs/http/context.ts';
import { jobOfGiven, type JobBody } from '../../../jobs/http/create/job-body.ts';
import { jobOriginOf } from '../../session/job-origin.ts';
import { uploadForm } from '../../view/forms.ts';
import { sendPage } from '../../view/layout.ts';
import { NO_PROBLEMS, otherProblems, type FormProblems } from '../../view/problems.ts';
import { jobFieldsView, kindLinks } from '../job-form/fields.ts';
import { bodyOf, jobFields, untouched, type JobForm } from '../job-form/form.ts';
import { FormList } from '../job-form/list.ts';

/** Where the form is, and where it is sent, with its file. */
export const NEW_JOB_PATH = '/jobs/new';
/** What can be queued here. The playground scrapes single pages. */
const KINDS = ['batch', 'crawl'] as const;
const query = z.object({ kind: z.enum(KINDS).default('batch') });
const newJobForm = z.object({ ...jobFields, ...query.shape });
const FIELDS = Object.keys(jobFields);

/** The form that queues a batch or a crawl, by the rules of the API. */
export function newJobPages(context: JobContext): Router {
  const router = Router();

  router.get(NEW_JOB_PATH, (req, res) => {
    show(res, newJobForm.parse(untouched(parseQuery(req, query).kind)));
  });

  router.post(NEW_JOB_PATH, async (req, res) => {
    const form = parseValue(req.body, newJobForm);
    const list = new FormList(res);
    try {
      const urls = form.kind === 'batch' ? await list.read(form.urls) : [];
      const job_id = await queue(res, bodyOf(form, urls), list.sentOnce(form));
      res.redirect(303, `/console/jobs/${job_id}?notice=queued`);
    } catch (error) {
      show(res, form, list.problemsOf(error, FIELDS));
    }
  });

  async function queue(res: Response, body: JobBody, idempotency: IdempotencyClaim | null): Promise<string> {
    const given = { body, metadata: null };
    const job = await jobOfGiven(context, given, { ...jobOriginOf(res), idempotency });
    return (await createJob(context, job)).job_id;
  }

  return router;
}

function show(res: Response, form: JobForm, problems: FormProblems = NO_PROBLEMS): void {
  const fields = html`${otherProblems(problems)} ${jobFieldsView(form, problems)}
    <div class="actions">
      <button class="button primary" data-busy="Queueing…">Queue the ${form.kind}</button>
    </div>
    <p class="hint">${costOf(form)}</p>`;
  const page = {
    title: 'Queue a job',
    section: 'Jobs',
    back: { href: '/console/jobs', label: 'Jobs' },
    body: html`${kindLinks(`/console${NEW_JOB_PATH}`, KINDS, form.kind, 'What to queue')}
    ${uploadForm(res, `/console${NEW_JOB_PATH}`, fields, 'card job-form')}`,
  };
  sendPage(res, page, problems.status);
}

function costOf({ kind }: JobForm): string {
  const each = 'Each page that comes back costs one credit, or more where it is rendered.';
  return kind === 'batch'
    ? each
    : `${each} Until the crawl ends it holds the credits of as many pages as it may have.`;
}
