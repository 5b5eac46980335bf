import { z } from 'zod';
import { validate } from '../../../http/route/validate.ts';
import { jobSchema, type JobBody } from '../../../jobs/http/create/job-body.ts';
import { invalidField } from '../../../service-error.ts';
import { FORMATS } from '../../../scrape/types.ts';

/** What a job can be queued as here, with what the pages call it. */
export const NEW_KINDS = ['batch', 'crawl'] as const;
export type NewKind = (typeof NEW_KINDS)[number];

/** The formats that can be chosen. `data` needs fields. */
export const CHOSEN_FORMATS = FORMATS.filter((format) => format !== 'data');

/** More than any of these fields may have. */
const MAX_TEXT = 100_000;
const text = z.string().trim().max(MAX_TEXT).default('');
const oneOrMore = z.union([z.string().transform((one) => [one]), z.array(z.string())]).default([]);

/** What the form sends: every field, empty where nothing was written. */
export const jobForm = z.object({
  kind: z.enum(NEW_KINDS).default('batch'),
  /** Of this showing of the form: sent twice, it queues one job. */
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
  main: z.string().optional(),
  render: z.enum(['never', 'auto', 'always']).default('never'),
  webhook_url: text,
  finish_within: text,
});
export type JobForm = z.infer<typeof jobForm>;

/** A form that nobody has written in. */
export const emptyForm = (kind: NewKind): JobForm =>
  jobForm.parse({ kind, once: crypto.randomUUID(), formats: 'markdown', main: 'on' });

const RENDER = { never: false, auto: 'auto', always: true } as const;

const given = (value: string) => (value === '' ? undefined : value);
const number = (value: string) => (value === '' ? undefined : Number(value));
const lines = (value: string) =>
  value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/**
 * The request of the API that a form stands for. Throws ServiceError `validation_failed`, with the
 * paths of the API.
 */
export function bodyOf(form: JobForm, urls: unknown[]): JobBody {
  if (form.formats.length === 0) throw invalidField('formats', 'choose at least one');
  const options = {
    formats: form.formats,
    only_main_content: form.main !== undefined,
    render: RENDER[form.render],
    webhook_url: given(form.webhook_url),
    finish_within: number(form.finish_within),
  };
  if (form.kind === 'batch')
    return validate(jobSchema, { kind: 'batch', urls, invalid_urls: form.invalid_urls, ...options });
  return validate(jobSchema, {
    kind: 'crawl',
    url: form.url,
    max_pages: number(form.max_pages),
    max_depth: number(form.max_depth),
    include_paths: lines(form.include_paths),
    exclude_paths: lines(form.exclude_paths),
    ...options,
  });
}
