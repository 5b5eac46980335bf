import type { JobContext } from '../jobs/http/context.ts';
import { invalidField } from '../service-error.ts';
import type { NewScheduleBody, ScheduleChangeBody } from './http/schemas.ts';
import type { GivenJob, JobBody } from '../jobs/http/create/job-body.ts';
import { jobOf, openJob, storedJob, summaryOf } from './job.ts';
import type { Schedule, ScheduleSettings } from './schedules.ts';
import { cronFault, isTimezone, nextRun, type Timing } from './times/when.ts';

/** Who asks for it, and in what. */
interface Asked {
  context: JobContext;
  account_id: string;
  /** The metadata of the body's job as it came, as JSON text; null where it has none. */
  metadata: string | null;
}

/**
 * The settings of a new schedule. Throws ServiceError `validation_failed` that names what cannot be
 * used.
 */
export async function newSettings(asked: Asked, body: NewScheduleBody): Promise<ScheduleSettings> {
  const { name, timezone, job, deliver, diff } = body;
  const timing = {
    cron: body.cron ?? null,
    every_seconds: body.every_seconds ?? null,
    timezone,
    until: body.until ?? null,
  };
  checkTiming(timing, asked.context.config.scheduleMinSeconds);
  checkUntil(timing.until);
  const now = new Date();
  if (nextRun(timing, now, now) === null) throw invalidField('until', 'comes before the first run');
  const how = { deliver, diff, heartbeat_days: body.heartbeat_days ?? null };
  checkReport(how, job);
  return { name, ...timing, ...how, ...(await jobSettings(asked, { body: job, metadata: asked.metadata })) };
}

/** The settings of a schedule with the changes made; throws as `newSettings`. */
export async function changedSettings(
  asked: Asked,
  schedule: Schedule,
  body: ScheduleChangeBody,
): Promise<ScheduleSettings> {
  const timing = changedTiming(schedule, body);
  if (timing.until?.getTime() !== schedule.until?.getTime()) checkUntil(timing.until);
  checkTiming(timing, asked.context.config.scheduleMinSeconds);
  const how = {
    deliver: body.deliver ?? schedule.deliver,
    diff: body.diff ?? schedule.diff,
    heartbeat_days: body.heartbeat_days === undefined ? schedule.heartbeat_days : body.heartbeat_days,
  };
  const { kind, url, request } = schedule;
  const { given } = openJob(asked.context.box.open(request, schedule.account_id));
  checkReport(how, body.job ?? given);
  const { metadata } = asked;
  const job = body.job ? await jobSettings(asked, { body: body.job, metadata }) : { kind, url, request };
  return { name: body.name ?? schedule.name, ...timing, ...how, ...job };
}

/** `cron` and `every_seconds` replace each other. */
function changedTiming(schedule: Schedule, body: ScheduleChangeBody): Timing {
  const { cron = body.every_seconds == null ? schedule.cron : null } = body;
  const { every_seconds = body.cron == null ? schedule.every_seconds : null } = body;
  return {
    cron,
    every_seconds,
    timezone: body.timezone ?? schedule.timezone,
    until: body.until === undefined ? schedule.until : body.until,
  };
}

function checkTiming({ cron, every_seconds, timezone }: Timing, minSeconds: number): void {
  if ((cron === null) === (every_seconds === null))
    throw invalidField('cron', 'give cron or every_seconds, one of them');
  if (!isTimezone(timezone)) throw invalidField('timezone', 'is not a time zone, like Europe/Berlin');
  if (every_seconds !== null && every_seconds < minSeconds)
    throw invalidField('every_seconds', `must be at least ${minSeconds}`);
  const fault = cron === null ? null : cronFault(cron, timezone, minSeconds);
  if (fault !== null) throw invalidField('cron', fault);
}

function checkUntil(until: Date | null): void {
  if (until !== null && until <= new Date()) throw invalidField('until', 'has passed');
}

type Report = Pick<ScheduleSettings, 'deliver' | 'diff' | 'heartbeat_days'>;

/** Refuses settings that would be silently unused. */
function checkReport({ deliver, diff, heartbeat_days }: Report, job: Partial<JobBody>): void {
  const formats = job.formats ?? [job.format ?? 'markdown'];
  if (diff && !formats.includes('markdown') && job.fields === undefined)
    throw invalidField('diff', 'needs the format markdown, or fields');
  if (deliver === 'always' && heartbeat_days !== null)
    throw invalidField('heartbeat_days', 'needs deliver: "changes"');
  const events = job.webhook_events ?? ['job.completed'];
  if (deliver === 'changes' && events.some((event) => event !== 'job.completed'))
    throw invalidField('job.webhook_events', 'must be job.completed alone with deliver: "changes"');
}

/** Prepares the job once, so that a job that cannot be created is refused now. */
async function jobSettings({ context, account_id }: Asked, job: GivenJob) {
  const by = { kind: 'service', key_id: null, ip: null } as const;
  await jobOf(context, job, { account_id, by, request_id: null, traceparent: null, idempotency: null });
  return { ...summaryOf(job.body), request: context.box.seal(storedJob(job), account_id) };
}
