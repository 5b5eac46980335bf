import type { Response } from 'express';
import { z } from 'zod';
import { DELIVER_MODES } from '../../../database/enumerations.ts';
import { html, type Html } from '../../../http/html/html.ts';
import { validate } from '../../../http/route/validate.ts';
import { newSchedule, scheduleChange } from '../../../schedules/http/schemas.ts';
import type { ScheduleRow } from '../../../schedules/schedules.ts';
import { field, postForm, select } from '../../view/forms.ts';
import { otherProblems, type FormProblems } from '../../view/problems.ts';

/** What the forms send: every field, empty where nothing was written. */
const text = z.string().trim().max(10_000).default('');
const settingsFields = {
  name: text,
  cron: text,
  every_seconds: text,
  timezone: text,
  deliver: z.enum(DELIVER_MODES).default('changes'),
  diff: z.enum(['yes', 'no']).default('no'),
};
export const newForm = z.object({
  ...settingsFields,
  kind: z.enum(['scrape', 'crawl']).default('scrape'),
  url: text,
  max_pages: text,
  webhook_url: text,
});
export type NewForm = z.infer<typeof newForm>;
export const changeForm = z.object(settingsFields);
export type ChangeForm = z.infer<typeof changeForm>;

const given = (value: string) => (value === '' ? undefined : value);
const number = (value: string) => (value === '' ? undefined : Number(value));

function settingsOf({ name, cron, every_seconds, timezone, deliver, diff }: ChangeForm) {
  return {
    name,
    cron: given(cron),
    every_seconds: number(every_seconds),
    timezone: given(timezone),
    deliver,
    diff: diff === 'yes',
  };
}

/** The request that a form stands for. Throws ServiceError `validation_failed`. */
export function newBody(form: NewForm) {
  const { kind, url, max_pages, webhook_url } = form;
  const pages = kind === 'crawl' ? { max_pages: number(max_pages) } : {};
  return validate(newSchedule, {
    ...settingsOf(form),
    job: { kind, url, webhook_url: given(webhook_url), ...pages },
  });
}

/** The same for a change. */
export function changeBody(form: ChangeForm) {
  return validate(scheduleChange, settingsOf(form));
}

const KINDS = [
  ['scrape', 'one page'],
  ['crawl', 'a site'],
] as const;
const DELIVERIES = [
  ['changes', 'what has changed'],
  ['always', 'every run'],
] as const;
const YES_NO = [
  ['no', 'no'],
  ['yes', 'yes'],
] as const;

/** The form of a new schedule, with what was written, and what was wrong with it. */
export function newCard(res: Response, tried: NewForm | null, problems: FormProblems): Html {
  const wrong = problems.fields;
  const form = html`${otherProblems(problems)}
    <div class="row top">
      ${field({
        label: 'Name',
        name: 'name',
        value: tried?.name,
        required: true,
        placeholder: 'Docs, every morning',
        problems: wrong.name,
        className: 'grow',
      })}
      ${select({ label: 'What', name: 'kind', options: KINDS, value: tried?.kind })}
    </div>
    <div class="row top">
      ${field({
        label: 'URL',
        name: 'url',
        type: 'url',
        value: tried?.url,
        required: true,
        placeholder: 'https://docs.example.com',
        problems: wrong.url,
        className: 'grow',
      })}
      ${field({
        label: 'Pages of a site at most',
        name: 'max_pages',
        type: 'number',
        value: tried?.max_pages,
        placeholder: '100',
        min: 1,
        max: 100_000,
        problems: wrong.max_pages,
      })}
    </div>
    <div class="row top">${settingFields(tried, problems)}</div>
    <div class="row top">
      ${field({
        label: 'Callbacks go to',
        name: 'webhook_url',
        type: 'url',
        value: tried?.webhook_url,
        placeholder: 'https://example.com/hooks',
        problems: wrong.webhook_url,
        className: 'grow',
      })}
      <button class="button primary">Make a schedule</button>
    </div>
    <p class="hint">
      Give a cron expression or an interval. Batches, and all options of a job, are there through the API.
    </p>`;
  return postForm(res, '/console/schedules', form, 'card');
}

/** The form that changes a schedule. */
export function changeCard(
  res: Response,
  schedule: ScheduleRow,
  tried: ChangeForm | null,
  problems: FormProblems,
): Html {
  const shown = tried ?? {
    name: schedule.name,
    cron: schedule.cron ?? '',
    every_seconds: schedule.every_seconds === null ? '' : String(schedule.every_seconds),
    timezone: schedule.timezone,
    deliver: schedule.deliver,
    diff: schedule.diff ? ('yes' as const) : ('no' as const),
  };
  const form = html`${otherProblems(problems)}
    <div class="row top">
      ${field({
        label: 'Name',
        name: 'name',
        value: shown.name,
        required: true,
        problems: problems.fields.name,
        className: 'grow',
      })}
    </div>
    <div class="row top">
      ${settingFields(shown, problems)}
      <button class="button primary">Save</button>
    </div>`;
  return postForm(res, `/console/schedules/${schedule.id}`, form, 'card');
}

function settingFields(shown: ChangeForm | null, { fields: wrong }: FormProblems): Html {
  return html`${field({
    label: 'Cron',
    name: 'cron',
    value: shown?.cron,
    placeholder: '0 6 * * 1-5',
    problems: wrong.cron,
  })}
  ${field({
    label: 'or every … seconds',
    name: 'every_seconds',
    type: 'number',
    value: shown?.every_seconds,
    placeholder: '3600',
    problems: wrong.every_seconds,
  })}
  ${field({
    label: 'Time zone',
    name: 'timezone',
    value: shown?.timezone,
    placeholder: 'UTC',
    problems: wrong.timezone,
  })}
  ${select({ label: 'Deliver', name: 'deliver', options: DELIVERIES, value: shown?.deliver })}
  ${select({
    label: 'With diffs',
    name: 'diff',
    options: YES_NO,
    value: shown?.diff,
    problems: wrong.diff,
  })}`;
}
