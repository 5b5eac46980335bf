import type { Response } from 'express';
import { attribute, flag, html, type Content, type Html } from '../../http/html/html.ts';
import { csrfOf } from '../session/browser-session.ts';

/** A form that changes something: it carries the session's token. */
export function postForm(res: Response, action: string, content: Content, className = ''): Html {
  return html`<form method="post" action="${action}" class="${className}">
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

export interface Field {
  label: string;
  name: string;
  value?: string | undefined;
  type?: 'text' | 'url' | 'password' | 'number' | 'datetime-local';
  placeholder?: string;
  hint?: string;
  required?: boolean;
  autocomplete?: string;
  className?: string;
  /** Where a page has several of that name. */
  id?: string;
}

export function field({ label, name, value, type = 'text', hint, required = false, ...more }: Field): Html {
  const id = more.id ?? `field-${name}`;
  return html`<div class="field ${more.className ?? ''}">
    <label for="${id}">${label}</label>
    <input
      id="${id}"
      name="${name}"
      type="${type}"
      value="${value ?? ''}"
      ${attribute('placeholder', more.placeholder)}${attribute(
        'autocomplete',
        more.autocomplete ?? 'off',
      )}${attribute('aria-describedby', hint === undefined ? null : `${id}-hint`)}${type === 'datetime-local' && attribute('step', 1)}${flag(
        'required',
        required,
      )}
    />
    ${hint !== undefined && html`<p class="hint" id="${id}-hint">${hint}</p>`}
  </div>`;
}

/** A field for several lines of code. */
export function codeField({ label, name, value, hint, placeholder }: Field): Html {
  const id = `field-${name}`;
  return html`<div class="field">
    <label for="${id}">${label}</label>
    <textarea
      id="${id}"
      name="${name}"
      rows="4"
      spellcheck="false"
      ${attribute('placeholder', placeholder)}${attribute('aria-describedby', hint === undefined ? null : `${id}-hint`)}
    >
${value ?? ''}</textarea>
    ${hint !== undefined && html`<p class="hint" id="${id}-hint">${hint}</p>`}
  </div>`;
}

export function select(
  label: string,
  name: string,
  options: readonly (readonly [string, string])[],
  chosen = '',
): Html {
  return html`<div class="field">
    <label for="field-${name}">${label}</label>
    <select id="field-${name}" name="${name}">
      ${options.map(([value, text]) => html`<option value="${value}" ${flag('selected', value === chosen)}>${text}</option>`)}
    </select>
  </div>`;
}
