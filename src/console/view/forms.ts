import type { Response } from 'express';
import { attribute, flag, html, type Content, type Html } from '../../http/html/html.ts';
import { csrfOf } from '../session/browser-session.ts';

/** A form that changes something: it carries the session's token. */
export function postForm(res: Response, action: string, content: Content, className = ''): Html {
  return html`<form method="post" action="${action}" class="${className}">
    <input type="hidden" name="csrf" value="${csrfOf(res)}" />${content}
  </form>`;
}

/**
 * The same with files. The script sends it without leaving the page, so that a choice of files
 * stays.
 */
export function uploadForm(res: Response, action: string, content: Content, className = ''): Html {
  return html`<form
    method="post"
    action="${action}"
    class="${className}"
    enctype="multipart/form-data"
    data-in-place
  >
    <input type="hidden" name="csrf" value="${csrfOf(res)}" />${content}
  </form>`;
}

/** A form of one button. */
export function postButton(res: Response, action: string, label: string, className = 'button'): Html {
  return postForm(res, action, html`<button class="${className}">${label}</button>`, 'inline');
}

/** What should not happen by a slip: a press shows what it means, and the button that does it. */
export function confirmed(summary: string, warning: Content, form: Html): Html {
  return html`<details class="confirm">
    <summary class="button">${summary}…</summary>
    <div class="sheet">
      <p>${warning}</p>
      ${form}
    </div>
  </details>`;
}

/** What every field has. */
interface Labelled {
  label: string;
  name: string;
  hint?: string;
  /** What is wrong with the value, each a sentence. */
  problems?: string[] | undefined;
  className?: string;
  /** Where a page has several of that name. */
  id?: string;
}

export interface Field extends Labelled {
  value?: string | undefined;
  type?: 'text' | 'url' | 'password' | 'number' | 'datetime-local';
  placeholder?: string;
  required?: boolean;
  autocomplete?: string;
  min?: number;
  max?: number;
}

export function field({ value, type = 'text', required = false, ...more }: Field): Html {
  const { placeholder, min, max, autocomplete = 'off' } = more;
  const limits = html`${attribute('placeholder', placeholder)}${attribute('min', min)}${attribute('max', max)}`;
  const control = html`<input
    ${namesOf(more)}
    type="${type}"
    value="${value ?? ''}"
    autocomplete="${autocomplete}"
    ${limits}${type === 'datetime-local' && attribute('step', 1)}${flag('required', required)}
  />`;
  return labelled(more, control);
}

/** A field for several lines. */
export function linesField({
  value,
  placeholder,
  rows = 4,
  ...more
}: Labelled & { value?: string | undefined; placeholder?: string; rows?: number }): Html {
  const control = html`<textarea
    ${namesOf(more)}
    rows="${rows}"
    spellcheck="false"
    autocomplete="off"
    ${attribute('placeholder', placeholder)}
  >
${value ?? ''}</textarea>`;
  return labelled(more, control);
}

/** A field for a file of one of the types in `accept`. */
export function fileField({ accept, ...more }: Labelled & { accept: string }): Html {
  return labelled(more, html`<input ${namesOf(more)} type="file" accept="${accept}" />`);
}

export interface Choice extends Labelled {
  /** Each value with its words. */
  options: readonly (readonly [string, string])[];
  value?: string | undefined;
}

export function select({ options, value: chosen = '', ...more }: Choice): Html {
  const control = html`<select ${namesOf(more)}>
    ${options.map(([value, text]) => html`<option value="${value}" ${flag('selected', value === chosen)}>${text}</option>`)}
  </select>`;
  return labelled(more, control);
}

/** The choices of a filter: each of the values, or any. */
export const anyOf = (values: readonly string[]) => [
  ['', 'any'] as const,
  ...values.map((value) => [value, value.replaceAll('_', ' ')] as const),
];

/** A box to tick. */
export function checkbox(
  label: Content,
  name: string,
  { checked, value = 'on' }: { checked: boolean; value?: string },
): Html {
  return html`<label class="check"
    ><input type="checkbox" name="${name}" value="${value}" ${flag('checked', checked)} /> ${label}</label
  >`;
}

const idOf = ({ id, name }: Labelled) => id ?? `field-${name}`;

/** The attributes that tie a control to its label, its hint and its problems. */
function namesOf(more: Labelled): Html {
  const id = idOf(more);
  const wrong = (more.problems ?? []).length > 0;
  const described = [wrong && `${id}-problem`, more.hint !== undefined && `${id}-hint`].filter(Boolean);
  return html`id="${id}"
  name="${more.name}"${attribute('aria-invalid', wrong ? 'true' : null)}${attribute(
    'aria-describedby',
    described.length === 0 ? null : described.join(' '),
  )}`;
}

function labelled(more: Labelled, control: Html): Html {
  const { label, hint, problems = [], className = '' } = more;
  const id = idOf(more);
  return html`<div class="field ${className}">
    <label for="${id}">${label}</label>
    ${control} ${problems.length > 0 && html`<p class="wrong" id="${id}-problem">${onLines(problems)}</p>`}
    ${hint !== undefined && html`<p class="hint" id="${id}-hint">${hint}</p>`}
  </div>`;
}

const onLines = (sentences: string[]) => sentences.map((one, n) => (n === 0 ? one : html`<br />${one}`));
