import type { Context } from '../../context.ts';
import { route } from '../../http/route/route.ts';
import { notFound } from '../../service-error.ts';
import { findRun } from '../runs/runs.ts';
import { runView } from '../view.ts';
import { requireSchedule } from './find-schedule.ts';
import { runWithRemoved } from './schemas.ts';

export const readRun = route({
  id: 'readScheduleRun',
  method: 'get',
  path: '/v1/schedules/{schedule_id}/runs/{run}',
  tag: 'Schedules',
  summary: 'Read a run of a schedule',
  description: 'With the URLs of all pages that are gone, of which its callback names 1,000 at most.',
  access: 'account',
  scope: 'jobs:read',
  answers: { 200: { description: 'The run.', schema: runWithRemoved } },
  async handle({ account, params }, { db }: Pick<Context, 'db'>) {
    const schedule = await requireSchedule(db, account.id, params.schedule_id);
    const found = /^[1-9]\d{0,8}$/.test(params.run) ? await findRun(db, schedule, Number(params.run)) : null;
    if (!found) throw notFound('run');
    const { removed_urls, ...run } = found;
    return { body: `${JSON.stringify(runView(run)).slice(0, -1)},"removed":${removed_urls ?? 'null'}}` };
  },
});
