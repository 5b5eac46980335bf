import { Router, type Response } from 'express';
import { z } from 'zod';
import { html } from '../../../http/html/html.ts';
import { parseQuery, parseValue } from '../../../http/route/validate.ts';
import type { JobContext } from '../../../jobs/http/context.ts';
import { createSchedule, MAX_SCHEDULES } from '../../../schedules/create.ts';
import { auditPage, sessionOf } from '../../session/browser-session.ts';
import { uploadForm } from '../../view/forms.ts';
import { sendPage } from '../../view/layout.ts';
import { NO_PROBLEMS, otherProblems, type FormProblems } from '../../view/problems.ts';
import { jobFieldsView, kindLinks } from '../job-form/fields.ts';
import { untouched } from '../job-form/form.ts';
import { FormList } from '../job-form/list.ts';
import { nameField, newBody, scheduleForm, settingsView, type ScheduleForm } from './form.ts';

/** Where the form is, and where it is sent, with its file. */
export const NEW_SCHEDULE_PATH = '/schedules/new';
const KINDS = ['batch', 'crawl', 'scrape'] as const;
const query = z.object({ kind: z.enum(KINDS).default('batch') });
const FIELDS = Object.keys(scheduleForm.shape);

/** The form that makes a schedule, by the rules of the API. */
export function newSchedulePages(context: JobContext): Router {
  const router = Router();

  router.get(NEW_SCHEDULE_PATH, (req, res) => {
    show(res, scheduleForm.parse(untouched(parseQuery(req, query).kind)));
  });

  router.post(NEW_SCHEDULE_PATH, async (req, res) => {
    const form = parseValue(req.body, scheduleForm);
    const list = new FormList(res);
    try {
      const id = await make(res, form, list);
      res.redirect(303, `/console/schedules/${id}?notice=scheduled`);
    } catch (error) {
      show(res, form, list.problemsOf(error, FIELDS));
    }
  });

  async function make(res: Response, form: ScheduleForm, list: FormList): Promise<string> {
    const { account_id, key_id } = sessionOf(res);
    const body = newBody(form, form.kind === 'batch' ? await list.read(form.urls) : []);
    const maker = { account_id, key_id, idempotency: list.sentOnce(form) };
    const { schedule, repeated } = await createSchedule(context, maker, { body, metadata: null });
    if (!repeated) await auditPage(context.db, res, 'schedule.create', schedule.id);
    return schedule.id;
  }

  return router;
}

function show(res: Response, form: ScheduleForm, problems: FormProblems = NO_PROBLEMS): void {
  const fields = html`${otherProblems(problems)} ${nameField(form, problems)} ${jobFieldsView(form, problems)}
    ${settingsView(form, problems)}
    <div class="actions">
      <button class="button primary" data-busy="Making it…">Make a schedule</button>
    </div>
    <p class="hint">
      Give a cron expression or an interval. Each run is a job, and costs what such a job costs. An account
      has at most ${MAX_SCHEDULES} schedules.
    </p>`;
  const page = {
    title: 'A new schedule',
    section: 'Schedules',
    back: { href: '/console/schedules', label: 'Schedules' },
    body: html`${kindLinks(`/console${NEW_SCHEDULE_PATH}`, KINDS, form.kind, 'What to run')}
    ${uploadForm(res, `/console${NEW_SCHEDULE_PATH}`, fields, 'card job-form')}`,
  };
  sendPage(res, page, problems.status);
}
