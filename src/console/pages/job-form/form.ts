import { z } from 'zod';
import { validate } from '../../../http/route/validate.ts';
import { jobSchema, type JobBody } from '../../../jobs/http/create/job-body.ts';
import { invalidField } from '../../../service-error.ts';
import { FORMATS } from '../../../scrape/types.ts';

/** The jobs that forms describe. */
export type FormKind = JobBody['kind'];

/** The formats that can be chosen. `data` needs fields. */
export const CHOSEN_FORMATS = FORMATS.filter((format) => format !== 'data');

/** More than any of these fields may have. */
const MAX_TEXT = 100_000;
export const text = z.string().trim().max(MAX_TEXT).default('');
const oneOrMore = z.union([z.string().transform((one) => [one]), z.array(z.string())]).default([]);

/** What a form sends of its job: every field, empty where nothing was written. */
export const jobFields = {
  kind: z.enum(['batch', 'crawl', 'scrape']).default('batch'),
  /** Of this showing of the form: sent twice, it makes one thing. */
  once: z.string().max(100).default(''),
  /** A list may be as long as a body may be. */
  urls: z.string().default(''),
  invalid_urls: z.enum(['reject', 'fail']).default('reject'),
  url: text,
  max_pages: text,
  max_depth: text,
  include_paths: text,
  exclude_paths: text,
  formats: oneOrMore,
  only_main_content: z.string().optional(),
  render: z.enum(['never', 'auto', 'always']).default('never'),
  webhook_url: text,
  finish_within: text,
};
const jobForm = z.object(jobFields);
export type JobForm = z.infer<typeof jobForm>;

/** What is chosen in a form that nobody has written in. */
export const untouched = (kind: FormKind) =>
  ({ kind, once: crypto.randomUUID(), formats: 'markdown', only_main_content: 'on' }) as const;

const RENDER = { never: false, auto: 'auto', always: true } as const;

/** The value of a field that may be left empty. */
export const given = (value: string) => (value === '' ? undefined : value);
/** The same for a number. */
export const number = (value: string) => (value === '' ? undefined : Number(value));
const lines = (value: string) =>
  value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

const EVERY = ['formats', 'only_main_content', 'render', 'webhook_url', 'finish_within'] as const;
const OF_SITE = ['url', 'max_pages', 'max_depth', 'include_paths', 'exclude_paths'] as const;
/** The fields of the API that the form of each kind has, but for a list's URLs. */
const NAMES = {
  batch: ['invalid_urls', ...EVERY],
  crawl: [...OF_SITE, ...EVERY],
  scrape: ['url', ...EVERY],
} as const;

/**
 * The fields of the API that a form stands for, each with its value; undefined stands for the
 * default. Throws ServiceError `validation_failed`.
 */
export function valuesOf(form: JobForm): Record<string, unknown> {
  if (form.formats.length === 0) throw invalidField('formats', 'choose at least one');
  const values = {
    invalid_urls: form.invalid_urls,
    url: form.url,
    max_pages: number(form.max_pages),
    max_depth: number(form.max_depth),
    include_paths: lines(form.include_paths),
    exclude_paths: lines(form.exclude_paths),
    formats: form.formats,
    only_main_content: form.only_main_content !== undefined,
    render: RENDER[form.render],
    webhook_url: given(form.webhook_url),
    finish_within: number(form.finish_within),
  };
  return Object.fromEntries(NAMES[form.kind].map((name) => [name, values[name]]));
}

/**
 * The request of the API that a form stands for. Throws ServiceError `validation_failed`, with the
 * paths of the API.
 */
export function bodyOf(form: JobForm, urls: unknown[]): JobBody {
  const list = form.kind === 'batch' ? { urls } : {};
  return validate(jobSchema, { kind: form.kind, ...list, ...valuesOf(form) });
}

const shownText = (value: unknown) => (typeof value === 'number' ? String(value) : ((value ?? '') as string));
const shownLines = (value: unknown) => ((value ?? []) as string[]).join('\n');

/** The form that shows a job as it was given, without a list's URLs. */
export function formOf(job: Record<string, unknown>): JobForm {
  const { format = 'markdown', formats = [format] } = job;
  return jobForm.parse({
    kind: job.kind,
    invalid_urls: job.invalid_urls,
    url: shownText(job.url),
    max_pages: shownText(job.max_pages),
    max_depth: shownText(job.max_depth),
    include_paths: shownLines(job.include_paths),
    exclude_paths: shownLines(job.exclude_paths),
    formats,
    only_main_content: job.only_main_content === false ? undefined : 'on',
    render: job.render === true ? 'always' : job.render === 'auto' ? 'auto' : 'never',
    webhook_url: shownText(job.webhook_url),
    finish_within: shownText(job.finish_within),
  });
}
