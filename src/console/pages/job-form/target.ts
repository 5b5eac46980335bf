import { html, type Html } from '../../../http/html/html.ts';
import { MAX_ASYNC_URLS } from '../../../jobs/http/schemas/fields.ts';
import { field, fileField, linesField, select } from '../../view/forms.ts';
import { count } from '../../view/format.ts';
import type { FormProblems } from '../../view/problems.ts';
import type { JobForm } from './form.ts';

/** The longest list that comes back with its problems, in characters. */
const MAX_SHOWN_LIST = 256 * 1024;

const INVALID = [
  ['reject', 'refuse the list'],
  ['fail', 'take the others'],
] as const;
const FILE_HINT =
  'Choose it or drop it here: text with one URL per line, CSV with URLs in its first column, or a JSON ' +
  `array. At most ${count(MAX_ASYNC_URLS)} URLs.`;
/** The script puts the list back, and takes this away. */
const TOO_LONG = html`<p class="caution" data-lost>
  The list was too long to be shown again. Paste it once more, or send it as a file.
</p>`;

/** What a form shows of a stored job beside the fields that every form has. */
export interface Stored {
  /** The list, where it is too long for the field. */
  list: Html | null;
  /** The formats that a new job cannot have here, and this one may. */
  formats: string[];
}

/** What a job is to fetch, with what was written, and what was wrong with it beside each field. */
export function targetFields(form: JobForm, problems: FormProblems, stored: Stored): Html {
  if (form.kind === 'batch') return listFields(form, problems, stored);
  return form.kind === 'crawl' ? siteFields(form, problems) : urlField(form, problems);
}

function urlField(form: JobForm, { fields }: FormProblems): Html {
  return field({
    label: 'URL',
    name: 'url',
    type: 'url',
    value: form.url,
    required: true,
    placeholder: 'https://example.com/',
    problems: fields.url,
  });
}

function listFields(form: JobForm, { fields }: FormProblems, { list }: Stored): Html {
  const long = form.urls.length > MAX_SHOWN_LIST;
  return html`${long && TOO_LONG} ${list}
    ${linesField({
      label: list === null ? 'URLs, one per line' : 'Another list, one URL per line',
      name: 'urls',
      value: long ? '' : form.urls,
      rows: 8,
      placeholder: 'https://example.com/one\nhttps://example.com/two',
      problems: fields.urls,
      hint: 'A line that begins with # is left out.',
    })}
    <div class="row top">
      ${fileField({
        label: 'Or a file',
        name: 'file',
        accept: '.txt,.csv,.tsv,.json,text/plain,text/csv,application/json',
        problems: fields.file,
        hint: FILE_HINT,
        className: 'grow',
      })}
      ${select({ label: 'Invalid URLs', name: 'invalid_urls', options: INVALID, value: form.invalid_urls })}
    </div>`;
}

function siteFields(form: JobForm, { fields }: FormProblems): Html {
  const pattern = { placeholder: '/docs/*', rows: 2, className: 'grow' };
  return html`<div class="row top">
      ${field({
        label: 'Start URL',
        name: 'url',
        type: 'url',
        value: form.url,
        required: true,
        placeholder: 'https://docs.example.com/',
        problems: fields.url,
        className: 'grow',
      })}
      ${field({
        label: 'Maximum pages',
        name: 'max_pages',
        type: 'number',
        value: form.max_pages,
        placeholder: '100',
        min: 1,
        max: 100_000,
        problems: fields.max_pages,
      })}
      ${field({
        label: 'Maximum depth',
        name: 'max_depth',
        type: 'number',
        value: form.max_depth,
        placeholder: 'any',
        hint: 'Links from the start.',
        min: 0,
        max: 1000,
        problems: fields.max_depth,
      })}
    </div>
    <div class="row top">
      ${linesField({
        ...pattern,
        label: 'Include paths',
        name: 'include_paths',
        value: form.include_paths,
        problems: fields.include_paths,
        hint: 'One per line. * stands for any characters.',
      })}
      ${linesField({
        ...pattern,
        label: 'Exclude paths',
        name: 'exclude_paths',
        value: form.exclude_paths,
        placeholder: '/archive',
        problems: fields.exclude_paths,
      })}
    </div>`;
}
