import type { Response } from 'express';
import { html, type Html } from '../../../http/html/html.ts';
import { MAX_ASYNC_URLS } from '../../../jobs/http/schemas/fields.ts';
import { checkbox, field, fileField, linesField, select, uploadForm } from '../../view/forms.ts';
import { count } from '../../view/format.ts';
import { otherProblems, type FormProblems } from '../../view/problems.ts';
import { CHOSEN_FORMATS, NEW_KINDS, type JobForm, type NewKind } from './form.ts';

/** The longest list that comes back with its problems, in characters. */
const MAX_SHOWN_LIST = 256 * 1024;

const RENDERING = [
  ['never', 'never'],
  ['auto', 'where a page needs it'],
  ['always', 'always'],
] as const;
const INVALID = [
  ['reject', 'refuse the list'],
  ['fail', 'queue the others'],
] as const;
const KIND_NAMES: Record<NewKind, string> = { batch: 'A list of URLs', crawl: 'A whole site' };

const FILE_HINT =
  'Choose it or drop it here: text with one URL per line, CSV with URLs in its first column, or a JSON ' +
  `array. At most ${count(MAX_ASYNC_URLS)} URLs.`;
/** The script puts the list back, and takes this away. */
const TOO_LONG = html`<p class="caution" data-lost>
  The list was too long to be shown again. Paste it once more, or send it as a file.
</p>`;

/** The form of a new job, with what was written, and what was wrong with it beside each field. */
export function jobFormView(res: Response, form: JobForm, problems: FormProblems): Html {
  const { kind } = form;
  const fields = html`<input type="hidden" name="kind" value="${kind}" />
    <input type="hidden" name="once" value="${form.once}" />
    ${otherProblems(problems)} ${kind === 'batch' ? listFields(form, problems) : siteFields(form, problems)}
    ${pageFields(form, problems)} ${endFields(form, problems)}
    <div class="actions">
      <button class="button primary" data-busy="Queueing…">Queue the ${kind}</button>
    </div>
    <p class="hint">${costOf(kind)}</p>`;
  return html`${kindLinks(kind)} ${uploadForm(res, '/console/jobs/new', fields, 'card new-job')}`;
}

function kindLinks(shown: NewKind): Html {
  const links = NEW_KINDS.map((kind) => {
    const href = `/console/jobs/new?kind=${kind}`;
    return kind === shown
      ? html`<a href="${href}" aria-current="page">${KIND_NAMES[kind]}</a>`
      : html`<a href="${href}">${KIND_NAMES[kind]}</a>`;
  });
  return html`<nav class="choices" aria-label="What to queue">${links}</nav>`;
}

function costOf(kind: NewKind): string {
  const each = 'Each page that comes back costs one credit, or more where it is rendered.';
  return kind === 'batch'
    ? each
    : `${each} Until the crawl ends it holds the credits of as many pages as it may have.`;
}

function listFields(form: JobForm, { fields }: FormProblems): Html {
  const long = form.urls.length > MAX_SHOWN_LIST;
  return html`${long && TOO_LONG}
    ${linesField({
      label: 'URLs, one per line',
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

function pageFields(form: JobForm, { fields }: FormProblems): Html {
  const wrong = fields.formats;
  return html`<fieldset class="checks">
      <legend>Formats</legend>
      ${CHOSEN_FORMATS.map((format) =>
        checkbox(format.replace('_', ' '), 'formats', {
          value: format,
          checked: form.formats.includes(format),
        }),
      )}
      ${wrong && html`<p class="wrong" role="alert">${wrong.join(' ')}</p>`}
    </fieldset>
    <div class="row top">
      ${select({
        label: 'Render in a browser',
        name: 'render',
        options: RENDERING,
        value: form.render,
        problems: fields.render,
      })}
      ${checkbox('Only the main content', 'main', { checked: form.main !== undefined })}
    </div>`;
}

function endFields(form: JobForm, { fields }: FormProblems): Html {
  return html`<div class="row top">
    ${field({
      label: 'Webhook URL',
      name: 'webhook_url',
      type: 'url',
      value: form.webhook_url,
      placeholder: 'https://example.com/hooks',
      problems: fields.webhook_url,
      hint: 'Without one, read and download the pages here.',
      className: 'grow',
    })}
    ${field({
      label: 'Finish within (seconds)',
      name: 'finish_within',
      type: 'number',
      value: form.finish_within,
      placeholder: 'no limit',
      min: 1,
      max: 604_800,
      problems: fields.finish_within,
    })}
  </div>`;
}
