import { createHash } from 'node:crypto';
import { Router, type Response } from 'express';
import { z } from 'zod';
import { utf8OrNull } from '../../../http/body/utf8.ts';
import { parseQuery, parseValue } from '../../../http/route/validate.ts';
import type { IdempotencyClaim } from '../../../jobs/idempotency.ts';
import { createJob } from '../../../jobs/create.ts';
import type { JobContext } from '../../../jobs/http/context.ts';
import { jobOfGiven, type JobBody } from '../../../jobs/http/create/job-body.ts';
import { invalidField } from '../../../service-error.ts';
import { jobOriginOf } from '../../session/job-origin.ts';
import { uploadOf } from '../../session/upload.ts';
import { sendPage } from '../../view/layout.ts';
import { NO_PROBLEMS, problemsOf, type FormProblems } from '../../view/problems.ts';
import { bodyOf, emptyForm, jobForm, NEW_KINDS, type JobForm } from './form.ts';
import { readUrlList, type UrlList } from './url-list.ts';
import { jobFormView } from './view.ts';

/** Where the form is, and where it is sent, with its file. */
export const NEW_JOB_PATH = '/jobs/new';
const FIELDS = [...Object.keys(jobForm.shape), 'file'];
const query = z.object({ kind: z.enum(NEW_KINDS).default('batch') });

/** The form that queues a batch or a crawl, by the rules of the API. */
export function newJobPages(context: JobContext): Router {
  const router = Router();

  router.get(NEW_JOB_PATH, (req, res) => {
    show(res, emptyForm(parseQuery(req, query).kind));
  });

  router.post(NEW_JOB_PATH, async (req, res) => {
    const form = parseValue(req.body, jobForm);
    let listField = 'urls';
    let list: UrlList | null = null;
    try {
      const source = form.kind === 'batch' ? sourceOf(res, form) : NO_SOURCE;
      listField = source.field;
      list = await readUrlList(source.text, source.filename);
      const job_id = await queue(res, bodyOf(form, list.urls), sentOnce(form, source));
      res.redirect(303, `/console/jobs/${job_id}?notice=queued`);
    } catch (error) {
      const problems = problemsOf(error, {
        names: FIELDS,
        fieldOf: (name) => (name === 'urls' ? listField : name),
        placeOf: (name, n) => (name === 'urls' && list ? list.placeOf(n) : ''),
      });
      show(res, form, problems);
    }
  });

  async function queue(res: Response, body: JobBody, idempotency: IdempotencyClaim | null): Promise<string> {
    const given = { body, metadata: null };
    const job = await jobOfGiven(context, given, { ...jobOriginOf(res), idempotency });
    return (await createJob(context, job)).job_id;
  }

  return router;
}

/** The text of a list, and the field that it came in. */
interface Source {
  field: 'urls' | 'file';
  text: string;
  filename: string;
}

const NO_SOURCE: Source = { field: 'urls', text: '', filename: '' };

/** The list that was written or chosen. Throws ServiceError `validation_failed`. */
function sourceOf(res: Response, { urls }: JobForm): Source {
  const file = uploadOf(res, 'file');
  if (file === null) return { field: 'urls', text: urls, filename: '' };
  if (urls.trim() !== '') throw invalidField('file', 'give a list or a file, not both');
  return { field: 'file', text: textOf(file.bytes), filename: file.name };
}

function textOf(bytes: Buffer): string {
  const text = utf8OrNull(bytes);
  if (text === null || text.includes('\0')) throw invalidField('file', 'must be text in UTF-8');
  return text;
}

/** A form that is sent twice, by a second press say, queues one job; changed, it queues another. */
function sentOnce(form: JobForm, { text }: Source): IdempotencyClaim | null {
  if (form.once === '') return null;
  const rest = JSON.stringify({ ...form, urls: '' });
  const digest = createHash('sha256').update(rest).update(text).digest();
  return { key: `console ${digest.toString('hex')}`, request_sha256: digest };
}

function show(res: Response, form: JobForm, problems: FormProblems = NO_PROBLEMS): void {
  const page = {
    title: 'Queue a job',
    section: 'Jobs',
    back: { href: '/console/jobs', label: 'Jobs' },
    body: jobFormView(res, form, problems),
  };
  sendPage(res, page, problems.status);
}
