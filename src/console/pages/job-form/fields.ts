import { html, type Html } from '../../../http/html/html.ts';
import { checkbox, field, select } from '../../view/forms.ts';
import type { FormProblems } from '../../view/problems.ts';
import { CHOSEN_FORMATS, type FormKind, type JobForm } from './form.ts';
import { targetFields, type Stored } from './target.ts';

const RENDERING = [
  ['never', 'never'],
  ['auto', 'where a page needs it'],
  ['always', 'always'],
] as const;
const KIND_NAMES: Record<FormKind, string> = {
  batch: 'A list of URLs',
  crawl: 'A whole site',
  scrape: 'One page',
};

const NOTHING: Stored = { list: null, formats: [] };

/** The fields of a job, with what was written, and what was wrong with it beside each field. */
export function jobFieldsView(form: JobForm, problems: FormProblems, stored: Stored = NOTHING): Html {
  return html`<input type="hidden" name="kind" value="${form.kind}" />
    <input type="hidden" name="once" value="${form.once}" />
    ${targetFields(form, problems, stored)} ${pageFields(form, problems, stored)} ${endFields(form, problems)}`;
}

/** Links between the forms of some kinds of jobs. */
export function kindLinks(path: string, kinds: readonly FormKind[], shown: FormKind, label: string): Html {
  const links = kinds.map((kind) => {
    const href = `${path}?kind=${kind}`;
    return kind === shown
      ? html`<a href="${href}" aria-current="page">${KIND_NAMES[kind]}</a>`
      : html`<a href="${href}">${KIND_NAMES[kind]}</a>`;
  });
  return html`<nav class="choices" aria-label="${label}">${links}</nav>`;
}

function pageFields(form: JobForm, { fields }: FormProblems, { formats }: Stored): Html {
  const wrong = fields.formats;
  return html`<fieldset class="checks">
      <legend>Formats</legend>
      ${[...CHOSEN_FORMATS, ...formats].map((format) =>
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
      ${checkbox('Only the main content', 'only_main_content', {
        checked: form.only_main_content !== undefined,
      })}
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
