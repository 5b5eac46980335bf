import { isDeepStrictEqual } from 'node:util';
import type { Response } from 'express';
import { z } from 'zod';
import { html, type Html } from '../../../http/html/html.ts';
import { validate } from '../../../http/route/validate.ts';
import type { GivenChange } from '../../../schedules/change.ts';
import { scheduleChange } from '../../../schedules/http/schemas.ts';
import type { OpenJob } from '../../../schedules/job.ts';
import type { ScheduleRow } from '../../../schedules/schedules.ts';
import { invalidField, ServiceError } from '../../../service-error.ts';
import { uploadForm } from '../../view/forms.ts';
import { count } from '../../view/format.ts';
import { source } from '../../view/parts.ts';
import { otherProblems, type FormProblems } from '../../view/problems.ts';
import { jobFieldsView } from '../job-form/fields.ts';
import { formOf, valuesOf } from '../job-form/form.ts';
import type { FormList } from '../job-form/list.ts';
import { nameField, scheduleForm, settingsOf, settingsShown, settingsView } from './form.ts';

/** Which version of the schedule the form shows: a change in between is not undone. */
export const changeForm = z.object({ ...scheduleForm.shape, version: z.string().max(100) });
export type ChangeForm = z.infer<typeof changeForm>;
export const CHANGE_FIELDS = Object.keys(changeForm.shape);

type Given = OpenJob['given'];

/** The longest list that its field shows: URLs, and characters. */
const MAX_LISTED = 1000;
const MAX_CHARACTERS = 64 * 1024;

/** A list as its field shows it; what is too long is cut, and the field left empty. */
interface ShownList {
  text: string;
  /** How many URLs of it are shown; null: all. */
  cut: number | null;
}

/** As lines, or as JSON where a line would not say the same. */
function shownList(urls: string[]): ShownList {
  const first = firstOf(urls);
  const cut = first.length < urls.length ? first.length : null;
  const isPlain = first.every((url) => /^[^#[\s][^\r\n]*$/.test(url) && url.trim() === url);
  return { text: isPlain ? first.join('\n') : JSON.stringify(first, null, 1), cut };
}

function firstOf(urls: string[]): string[] {
  let characters = 0;
  const end = urls.findIndex((url, n) => n === MAX_LISTED || (characters += url.length) > MAX_CHARACTERS);
  return end === -1 ? urls : urls.slice(0, end);
}

/**
 * The list that the form puts in the place of the stored one; null where it leaves that as it is.
 * Throws ServiceError `validation_failed`.
 */
export async function newList(form: ChangeForm, given: Given, list: FormList): Promise<unknown[] | null> {
  if (given.kind !== 'batch') return null;
  const { text, cut } = shownList(given.urls as string[]);
  const written = form.urls.replaceAll('\r\n', '\n').trim();
  const untouched = cut === null ? written === text.trim() : written === '';
  if (untouched && !list.hasFile) return null;
  return await list.read(untouched ? '' : form.urls);
}

/**
 * What a form changes in a schedule. Of the job it takes the fields whose values it changes: what
 * it does not show stays. Throws ServiceError `validation_failed`.
 */
export function changeOf(
  form: ChangeForm,
  urls: unknown[] | null,
  schedule: ScheduleRow,
  { given, metadata }: OpenJob,
): GivenChange {
  if (form.version !== versionOf(schedule))
    throw new ServiceError(
      'validation_failed',
      'The schedule was changed meanwhile. Save again to keep what is here.',
    );
  const settings = settingsOf(form);
  if (settings.cron === undefined && settings.every_seconds === undefined)
    throw invalidField('cron', 'give cron or every_seconds, one of them');
  const job = changedJob(form, urls, given);
  const body = {
    ...settings,
    timezone: settings.timezone ?? 'UTC',
    until: form.until === settingsShown(schedule).until ? undefined : (settings.until ?? null),
    heartbeat_days: settings.heartbeat_days ?? null,
    ...(job && { job }),
  };
  return { body: validate(scheduleChange, body), metadata };
}

function changedJob(form: ChangeForm, urls: unknown[] | null, given: Given): Given | null {
  const before = valuesOf(formOf(given));
  const after = valuesOf({ ...form, kind: formOf(given).kind });
  const changed = Object.entries(after).filter(([name, value]) => !isDeepStrictEqual(value, before[name]));
  if (changed.length === 0 && urls === null) return null;
  const { format: _format, ...rest } = given;
  const kept = 'formats' in Object.fromEntries(changed) ? rest : given;
  return { ...kept, ...Object.fromEntries(changed), ...(urls && { urls }) };
}

const versionOf = ({ updated_at }: ScheduleRow) => updated_at.toISOString();

interface Shown {
  schedule: ScheduleRow;
  given: Given;
  tried: ChangeForm | null;
  problems: FormProblems;
}

/** The form that changes a schedule, with what was written, and what was wrong with it. */
export function changeCard(res: Response, { schedule, given, tried, problems }: Shown): Html {
  const list = given.kind === 'batch' ? shownList(given.urls as string[]) : null;
  const urls = list?.cut === null ? list.text : '';
  const form = tried ?? { ...settingsShown(schedule), ...formOf(given), urls };
  const stored = {
    list: list && cutList(list, given.urls as string[]),
    formats: given.fields === undefined ? [] : ['data'],
  };
  const fields = html`<input type="hidden" name="version" value="${versionOf(schedule)}" />
    ${otherProblems(problems)} ${nameField(form, problems)} ${jobFieldsView(form, problems, stored)}
    ${settingsView(form, problems)}
    <div class="actions"><button class="button primary" data-busy="Saving…">Save</button></div>
    <p class="hint">What the form does not show, such as headers and selectors, stays as it is.</p>`;
  return uploadForm(res, `/console/schedules/${schedule.id}`, fields, 'card job-form');
}

/** The beginning of a list that is too long for its field; null for any other. */
function cutList({ text, cut }: ShownList, urls: string[]): Html | null {
  if (cut === null) return null;
  return html`<details class="more">
      <summary>The first ${count(cut)} of its ${count(urls.length)} URLs</summary>
      ${source(text, 'The first URLs')}
    </details>
    <p class="hint">It keeps its ${count(urls.length)} URLs, unless you give another list or a file.</p>`;
}
