import type { Context } from '../../context.ts';
import { decodeCursor, encodeCursor } from '../../http/pagination.ts';
import { route } from '../../http/route/route.ts';
import { listRuns as list } from '../runs/runs.ts';
import { runView } from '../view.ts';
import { requireSchedule } from './find-schedule.ts';
import { runList, runListQuery } from './schemas.ts';

export const listRuns = route({
  id: 'listScheduleRuns',
  method: 'get',
  path: '/v1/schedules/{schedule_id}/runs',
  tag: 'Schedules',
  summary: 'List the runs of a schedule, the latest first',
  description: 'Also those that were skipped, and why. They are kept as long as jobs.',
  access: 'account',
  scope: 'jobs:read',
  query: runListQuery,
  answers: { 200: { description: 'The runs.', schema: runList } },
  async handle({ account, params, query: { limit, cursor } }, { db }: Pick<Context, 'db'>) {
    const schedule = await requireSchedule(db, account.id, params.schedule_id);
    const key = decodeCursor(cursor, /^\d{1,9}$/);
    const runs = await list(db, schedule, { limit: limit + 1, before: key === null ? null : Number(key) });
    const data = runs.slice(0, limit);
    const next = runs.length > limit ? encodeCursor(String(data.at(-1)!.run)) : null;
    return { json: { data: data.map(runView), next_cursor: next } };
  },
});
