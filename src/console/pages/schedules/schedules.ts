import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import type { ScheduleKind } from '../../../database/enumerations.ts';
import { cursorParameter, decodeCursor, encodeCursor } from '../../../http/pagination.ts';
import { html } from '../../../http/html/html.ts';
import { parseQuery, parseValue } from '../../../http/route/validate.ts';
import type { JobContext } from '../../../jobs/http/context.ts';
import { changeStored } from '../../../schedules/change.ts';
import { deleteAndCancel } from '../../../schedules/delete.ts';
import { runNow } from '../../../schedules/runs/run-now.ts';
import { latestRuns, listRuns, type Run } from '../../../schedules/runs/runs.ts';
import {
  findSchedule,
  listSchedules,
  lockSchedule,
  pauseSchedule,
  resumeSchedule,
  type Schedule,
  type ScheduleRow,
} from '../../../schedules/schedules.ts';
import { openJob } from '../../../schedules/job.ts';
import { notFound } from '../../../service-error.ts';
import { auditPage, sessionOf } from '../../session/browser-session.ts';
import { jobOriginOf } from '../../session/job-origin.ts';
import { time } from '../../view/format.ts';
import { sendPage } from '../../view/layout.ts';
import { NO_PROBLEMS, type FormProblems } from '../../view/problems.ts';
import { badge, withoutScheme } from '../../view/parts.ts';
import { table, type Column } from '../../view/table.ts';
import { FormList } from '../job-form/list.ts';
import { CHANGE_FIELDS, changeCard, changeForm, changeOf, newList, type ChangeForm } from './change.ts';
import { NEW_SCHEDULE_PATH, newSchedulePages } from './new-schedule.ts';
import { changesOf, scheduleBody, when } from './schedule.ts';

const ROWS = 25;
const scheduleQuery = z.strictObject({
  cursor: cursorParameter,
  notice: z.string().optional(),
  n: z.string().optional(),
});

interface Row {
  schedule: ScheduleRow;
  last: Run | undefined;
}

const WHAT: Record<ScheduleKind, string> = { scrape: 'page', batch: 'list from', crawl: 'site' };

const COLUMNS: Column<Row>[] = [
  {
    label: 'Schedule',
    head: true,
    cell: ({ schedule }) =>
      html`<a href="/console/schedules/${schedule.id}">${schedule.name}</a>
        <span class="sub" title="${schedule.url}"
          >${WHAT[schedule.kind]} ${withoutScheme(schedule.url)}</span
        >`,
  },
  { label: 'Status', cell: ({ schedule }) => badge(schedule.status) },
  { label: 'When', cell: ({ schedule }) => when(schedule) },
  {
    label: 'Last run',
    cell: ({ last }) =>
      last ? html`${badge(last.status)} <span class="sub">${changesOf(last)}</span>` : '–',
  },
  { label: 'Next run', cell: ({ schedule }) => time(schedule.next_run_at) },
];

const goTo = (res: Response, { id }: Pick<Schedule, 'id'>, notice: string) =>
  res.redirect(303, `/console/schedules/${id}?notice=${notice}`);

/** The account's schedules: making, changing and running them, and what their runs have found. */
export function schedulePages(context: JobContext): Router {
  const { db, box } = context;
  const router = Router();

  const openedJob = ({ request, account_id }: Schedule) => openJob(box.open(request, account_id));

  async function scheduleOf(req: Request, res: Response): Promise<Schedule> {
    const schedule = await findSchedule(db, sessionOf(res).account_id, String(req.params.schedule_id));
    if (!schedule) throw notFound('schedule');
    return schedule;
  }

  async function showList(res: Response): Promise<void> {
    const { account_id } = sessionOf(res);
    const last = await latestRuns(db, account_id);
    const rows = (await listSchedules(db, account_id)).map((schedule) => ({
      schedule,
      last: last.get(schedule.id),
    }));
    const body = table('Schedules, newest first', COLUMNS, rows, html`<p>No schedule yet.</p>`);
    const actions = html`<a class="button primary" href="/console${NEW_SCHEDULE_PATH}">Make a schedule</a>`;
    sendPage(res, { title: 'Schedules', section: 'Schedules', actions, body });
  }

  async function showOne(
    res: Response,
    schedule: Schedule,
    { cursor, tried = null, problems = NO_PROBLEMS }: Shown = {},
  ): Promise<void> {
    const key = decodeCursor(cursor, /^\d{1,9}$/);
    const before = key === null ? null : Number(key);
    const found = await listRuns(db, schedule, { limit: ROWS + 1, before });
    const runs = found.slice(0, ROWS);
    const job = openedJob(schedule);
    const next = found.length > ROWS ? encodeCursor(String(runs.at(-1)!.run)) : null;
    const change = changeCard(res, { schedule, given: job.given, tried, problems });
    sendPage(
      res,
      {
        title: schedule.name,
        section: 'Schedules',
        back: { href: '/console/schedules', label: 'Schedules' },
        actions: badge(schedule.status),
        body: scheduleBody(res, { schedule, runs, cursor, next, change, job }),
      },
      problems.status,
    );
  }

  router.get('/schedules', async (_req, res) => {
    await showList(res);
  });

  router.use(newSchedulePages(context));

  router.get('/schedules/:schedule_id', async (req, res) => {
    const { cursor } = parseQuery(req, scheduleQuery);
    await showOne(res, await scheduleOf(req, res), { cursor });
  });

  router.post('/schedules/:schedule_id', async (req, res) => {
    const schedule = await scheduleOf(req, res);
    const form = parseValue(req.body, changeForm);
    const list = new FormList(res);
    try {
      const urls = await newList(form, openedJob(schedule).given, list);
      const { key_id } = sessionOf(res);
      await changeStored(context, schedule, key_id, (read) => changeOf(form, urls, read, openedJob(read)));
      await auditPage(db, res, 'schedule.update', schedule.id);
      goTo(res, schedule, 'saved');
    } catch (error) {
      const problems = list.problemsOf(error, CHANGE_FIELDS);
      await showOne(res, await scheduleOf(req, res), { tried: form, problems });
    }
  });

  router.post('/schedules/:schedule_id/run', async (req, res) => {
    const schedule = await scheduleOf(req, res);
    await runNow(context, schedule, jobOriginOf(res));
    await auditPage(db, res, 'schedule.run', schedule.id);
    goTo(res, schedule, 'run');
  });

  for (const action of ['pause', 'resume'] as const)
    router.post(`/schedules/:schedule_id/${action}`, async (req, res) => {
      const { account_id, id } = await scheduleOf(req, res);
      await db.transaction().execute(async (tx) => {
        const locked = await lockSchedule(tx, account_id, id);
        if (!locked) throw notFound('schedule');
        if (action === 'pause') await pauseSchedule(tx, locked);
        else await resumeSchedule(tx, locked, sessionOf(res).key_id);
      });
      await auditPage(db, res, `schedule.${action}`, id);
      goTo(res, { id }, action === 'pause' ? 'held' : 'active');
    });

  router.post('/schedules/:schedule_id/delete', async (req, res) => {
    const schedule = await scheduleOf(req, res);
    await deleteAndCancel(context, schedule);
    await auditPage(db, res, 'schedule.delete', schedule.id);
    res.redirect(303, '/console/schedules?notice=schedule-deleted');
  });

  return router;
}

interface Shown {
  cursor?: string | undefined;
  tried?: ChangeForm | null;
  problems?: FormProblems;
}
