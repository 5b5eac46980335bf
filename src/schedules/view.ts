import type { SecretBox } from '../accounts/secrets.ts';
import type { DbOrTx } from '../database/tables.ts';
import { openJob, shownJob, type OpenJob } from './job.ts';
import { latestRuns, listRuns, type Run } from './runs/runs.ts';
import { listSchedules, type Schedule, type ScheduleRow } from './schedules.ts';

/** A run as the API shows it. */
export function runView(run: Run) {
  const { account_id: _account, added, changed, removed, unchanged, ...rest } = run;
  return { ...rest, changes: added === null ? null : { added, changed, removed, unchanged } };
}

/** A schedule as lists show it, with its latest run. */
export function scheduleView(
  { account_id: _account, id, key_id: _key, ...rest }: ScheduleRow & Partial<Schedule>,
  lastRun: Run | null,
) {
  const { request: _request, job_baseline: _job, content_baseline: _content, ...shown } = rest;
  return {
    schedule_id: id,
    ...shown,
    overlap: 'skip' as const,
    last_run: lastRun && runView(lastRun),
  };
}

/** The account's schedules, newest first, each with its latest run. */
export async function listScheduleViews(db: DbOrTx, accountId: string) {
  const schedules = await listSchedules(db, accountId);
  const runs = await latestRuns(db, accountId);
  return schedules.map((schedule) => scheduleView(schedule, runs.get(schedule.id) ?? null));
}

/**
 * The job of a schedule as JSON text with this indent, without what may be a credential. Its
 * metadata is the bytes of the request.
 */
export function jobText({ given, metadata }: OpenJob, indent = 0): string {
  const text = JSON.stringify(shownJob(given), null, indent);
  if (metadata === null) return text;
  const [line, space] = indent === 0 ? ['', ''] : ['\n', ' '];
  return `${text.slice(0, -1).trimEnd()},${line}${' '.repeat(indent)}"metadata":${space}${metadata}${line}}`;
}

/** A schedule with its job as JSON text. */
export async function scheduleText(db: DbOrTx, box: SecretBox, schedule: Schedule): Promise<string> {
  const [lastRun = null] = await listRuns(db, schedule, { limit: 1, before: null });
  const text = JSON.stringify(scheduleView(schedule, lastRun));
  return `${text.slice(0, -1)},"job":${jobText(openJob(box.open(schedule.request, schedule.account_id)))}}`;
}
