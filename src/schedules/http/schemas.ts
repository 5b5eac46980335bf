import { z } from 'zod';
import {
  DELIVER_MODES,
  PAUSE_REASONS,
  RUN_STATUSES,
  RUN_TRIGGERS,
  SCHEDULE_KINDS,
  SCHEDULE_STATUSES,
  SKIP_REASONS,
} from '../../database/enumerations.ts';
import { cursorParameter, limitParameter } from '../../http/pagination.ts';
import { listOf, named, time, timestamp } from '../../http/schemas.ts';
import { count } from '../../jobs/http/schemas/answers.ts';
import { jobSchema } from '../../jobs/http/create/job-body.ts';

const YEAR_SECONDS = 366 * 86_400;

const name = z.string().trim().min(1).max(200).describe('For people.');
const cron = z
  .string()
  .trim()
  .max(200)
  .overwrite((text) => text.replace(/\s+/g, ' '))
  .describe('Five fields: minute, hour, day of the month, month, day of the week. `0 6 * * 1-5`.');
const everySeconds = z
  .int()
  .min(1)
  .max(YEAR_SECONDS)
  .describe('Seconds between two runs, instead of `cron`. The installation sets the least, 60 by default.');
const timezone = z.string().max(64).describe('The IANA time zone of `cron`, like Europe/Berlin.');
const deliver = z
  .enum(DELIVER_MODES)
  .describe(
    '`changes`: the result has the pages that were added or changed since the run before, and a run ' +
      'without any has no delivery. `always`: every run delivers all pages, with what became of each.',
  );
const diff = z
  .boolean()
  .describe(
    'Give changed pages a unified diff: of the values of `fields` as JSON where the job has them, else of ' +
      'their Markdown, which must be among the formats.',
  );
const overlap = z.literal('skip').describe('A run is skipped while the one before goes on.');
const until = time.describe('No run later than this.');
const heartbeatDays = z
  .int()
  .min(1)
  .max(365)
  .describe('With `changes`: deliver all the same when so many days have passed without a delivery.');

export const newSchedule = named(
  'ScheduleRequest',
  z.strictObject({
    name,
    cron: cron.nullish(),
    every_seconds: everySeconds.nullish(),
    timezone: timezone.default('UTC'),
    job: jobSchema.describe('What runs: `kind`, and the body of the route of its kind.'),
    deliver: deliver.default('always'),
    diff: diff.default(false),
    overlap: overlap.default('skip'),
    until: until.nullish(),
    heartbeat_days: heartbeatDays.nullish(),
  }),
);
export type NewScheduleBody = z.infer<typeof newSchedule>;

export const scheduleChange = named(
  'ScheduleChange',
  z.strictObject({
    name: name.optional(),
    cron: cron.nullish().describe('Takes the place of `every_seconds`.'),
    every_seconds: everySeconds.nullish().describe('Takes the place of `cron`.'),
    timezone: timezone.optional(),
    job: jobSchema.optional().describe('The whole job: what it leaves out has its default.'),
    deliver: deliver.optional(),
    diff: diff.optional(),
    overlap: overlap.optional(),
    until: until.nullish(),
    heartbeat_days: heartbeatDays.nullish(),
  }),
);
export type ScheduleChangeBody = z.infer<typeof scheduleChange>;

const runAnswer = named(
  'ScheduleRun',
  z.strictObject({
    schedule_id: z.string(),
    run: z.int().min(1).describe('1, 2, …'),
    status: z.enum(RUN_STATUSES).describe('That of its job, or `skipped`.'),
    trigger: z.enum(RUN_TRIGGERS).describe('Who asked for it.'),
    skip_reason: z.enum(SKIP_REASONS).nullable().describe('Why there is no job.'),
    skip_detail: z.string().nullable().describe('The same in words.'),
    job_id: z.string().nullable(),
    due_at: timestamp.describe('The time for which it was due.'),
    started_at: timestamp,
    finished_at: timestamp.nullable(),
    changes: z
      .strictObject({ added: count, changed: count, removed: count, unchanged: count })
      .nullable()
      .describe('Once its job has ended: pages by what became of them since the run before.'),
    complete: z
      .boolean()
      .nullable()
      .describe('Whether it saw all pages. Where it may have missed some, none counts as removed.'),
    reported: z.boolean().describe('Whether there was something to deliver.'),
  }),
);
export const runWithRemoved = named(
  'ScheduleRunWithRemoved',
  z.strictObject({
    ...runAnswer.shape,
    removed: z
      .array(z.string())
      .nullable()
      .describe('Once its job has ended: the URLs of all pages that are gone, sorted.'),
  }),
);
export const runList = named('ScheduleRunList', listOf(runAnswer));
export const startedAnswer = named(
  'ScheduleRunStarted',
  z.strictObject({ schedule_id: z.string(), run: z.int().min(1), job_id: z.string() }),
);

const scheduleFields = {
  schedule_id: z.string(),
  name: z.string(),
  status: z.enum(SCHEDULE_STATUSES).describe('`ended`: `until` has passed.'),
  pause_reason: z
    .enum(PAUSE_REASONS)
    .nullable()
    .describe('Why the service paused it: the key that it runs with was revoked, or has expired.'),
  cron: z.string().nullable(),
  every_seconds: z.int().nullable(),
  timezone: z.string(),
  kind: z.enum(SCHEDULE_KINDS),
  url: z.string().describe('Its page, the first of a batch, or where its crawl begins.'),
  deliver: z.enum(DELIVER_MODES),
  diff: z.boolean(),
  overlap: z.literal('skip'),
  until: timestamp.nullable(),
  heartbeat_days: z.int().nullable(),
  next_run_at: timestamp.nullable(),
  runs: count.describe('How many there have been: the number of the latest.'),
  last_run: runAnswer.nullable(),
  created_at: timestamp,
  updated_at: timestamp,
};
export const scheduleSummary = named('ScheduleSummary', z.strictObject(scheduleFields));
export const scheduleAnswer = named(
  'Schedule',
  z.strictObject({
    ...scheduleFields,
    job: z
      .looseObject({ kind: z.enum(SCHEDULE_KINDS) })
      .describe('The job as it was given; values of headers and cookies, and the like, are hidden.'),
  }),
);
export const scheduleList = named('ScheduleList', listOf(scheduleSummary));

export const runListQuery = z.strictObject({ limit: limitParameter(100, 20), cursor: cursorParameter });
