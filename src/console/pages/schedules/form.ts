import { z } from 'zod';
import { DELIVER_MODES } from '../../../database/enumerations.ts';
import { html, type Html } from '../../../http/html/html.ts';
import { validate } from '../../../http/route/validate.ts';
import { newSchedule } from '../../../schedules/http/schemas.ts';
import type { ScheduleRow } from '../../../schedules/schedules.ts';
import { invalidField } from '../../../service-error.ts';
import { field, select } from '../../view/forms.ts';
import { fieldTime, localTime } from '../../view/local-time.ts';
import type { FormProblems } from '../../view/problems.ts';
import { bodyOf, given, jobFields, number, text, type JobForm } from '../job-form/form.ts';

/** What a form sends of its schedule: every field, empty where nothing was written. */
const settingFields = {
  name: text,
  cron: text,
  every_seconds: text,
  timezone: text,
  until: text,
  deliver: z.enum(DELIVER_MODES).default('changes'),
  diff: z.enum(['yes', 'no']).default('no'),
  heartbeat_days: text,
};
type SettingsForm = z.infer<z.ZodObject<typeof settingFields>>;

export const scheduleForm = z.object({ ...jobFields, ...settingFields });
export type ScheduleForm = SettingsForm & JobForm;

/** The settings that a form stands for. Throws ServiceError `validation_failed`. */
export function settingsOf(form: SettingsForm) {
  return {
    name: form.name,
    cron: given(form.cron),
    every_seconds: number(form.every_seconds),
    timezone: given(form.timezone),
    until: form.until === '' ? undefined : timeOf(form.until),
    deliver: form.deliver,
    diff: form.diff === 'yes',
    heartbeat_days: number(form.heartbeat_days),
  };
}

function timeOf(written: string): string {
  const read = localTime.safeParse(written);
  if (!read.success) throw invalidField('until', 'must be a date and a time');
  return read.data.toISOString();
}

/** The request of the API that the form of a new schedule stands for; throws as `bodyOf`. */
export function newBody(form: ScheduleForm, urls: unknown[]) {
  return validate(newSchedule, { ...settingsOf(form), job: bodyOf(form, urls) });
}

/** The form that shows how a schedule is set. */
export function settingsShown(schedule: ScheduleRow): SettingsForm {
  const { name, cron, every_seconds, timezone, until, deliver, diff, heartbeat_days } = schedule;
  return {
    name,
    cron: cron ?? '',
    every_seconds: String(every_seconds ?? ''),
    timezone,
    until: until === null ? '' : fieldTime(until),
    deliver,
    diff: diff ? 'yes' : 'no',
    heartbeat_days: String(heartbeat_days ?? ''),
  };
}

const DELIVERIES = [
  ['changes', 'what has changed'],
  ['always', 'every run'],
] as const;
const YES_NO = [
  ['no', 'no'],
  ['yes', 'yes'],
] as const;

/** The name of a schedule, which stands above its job. */
export function nameField(form: SettingsForm, { fields: wrong }: FormProblems): Html {
  return field({
    label: 'Name',
    name: 'name',
    value: form.name,
    required: true,
    placeholder: 'Docs, every morning',
    problems: wrong.name,
  });
}

/** When a schedule runs, and what it delivers, with what was wrong beside each field. */
export function settingsView(form: SettingsForm, problems: FormProblems): Html {
  return html`<div class="row top">${timeFields(form, problems)}</div>
    <div class="row top">${reportFields(form, problems)}</div>`;
}

function timeFields(form: SettingsForm, { fields: wrong }: FormProblems): Html {
  return html`${field({
    label: 'Cron',
    name: 'cron',
    value: form.cron,
    placeholder: '0 6 * * 1-5',
    problems: wrong.cron,
  })}
  ${field({
    label: 'or every … seconds',
    name: 'every_seconds',
    type: 'number',
    value: form.every_seconds,
    placeholder: '3600',
    problems: wrong.every_seconds,
  })}
  ${field({
    label: 'Time zone',
    name: 'timezone',
    value: form.timezone,
    placeholder: 'UTC',
    problems: wrong.timezone,
  })}
  ${field({
    label: 'Until (UTC, open where empty)',
    name: 'until',
    type: 'datetime-local',
    value: form.until,
    problems: wrong.until,
  })}`;
}

function reportFields(form: SettingsForm, { fields: wrong }: FormProblems): Html {
  return html`${select({ label: 'Deliver', name: 'deliver', options: DELIVERIES, value: form.deliver })}
  ${select({
    label: 'With diffs',
    name: 'diff',
    options: YES_NO,
    value: form.diff,
    problems: wrong.diff,
  })}
  ${field({
    label: 'Deliver all the same after (days)',
    name: 'heartbeat_days',
    type: 'number',
    value: form.heartbeat_days,
    placeholder: 'never',
    hint: 'If nothing has changed.',
    min: 1,
    max: 365,
    problems: wrong.heartbeat_days,
  })}`;
}
