import { attribute, html, type Content, type Html } from '../../http/html/html.ts';

const TONES: Record<string, 'good' | 'bad' | 'warn' | 'busy' | 'idle'> = {
  completed: 'good',
  ok: 'good',
  delivered: 'good',
  active: 'good',
  works: 'good',
  failed: 'bad',
  failing: 'bad',
  exhausted: 'bad',
  queued: 'busy',
  running: 'busy',
  pending: 'busy',
  waiting: 'busy',
  sending: 'busy',
  backing_off: 'warn',
  paused: 'warn',
  skipped: 'idle',
  ended: 'idle',
  added: 'good',
  changed: 'warn',
  unchanged: 'idle',
  cancelled: 'idle',
  revoked: 'idle',
  expired: 'idle',
  suspended: 'warn',
};

/** A state as a word, with a colour beside it that says the same. */
export function badge(state: string): Html {
  return html`<span class="badge ${TONES[state] ?? 'idle'}">${state.replaceAll('_', ' ')}</span>`;
}

/** Names and values. */
export function facts(entries: readonly (readonly [string, Content])[]): Html {
  return html`<dl class="facts">
    ${entries.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** A URL without its scheme, cut to the width of its place; the whole one is in its title. */
export function shortUrl(url: string): Html {
  return html`<span class="url cut" title="${url}">${withoutScheme(url)}</span>`;
}

/** A URL as people say it. */
export const withoutScheme = (url: string) => url.replace(/^https?:\/\//, '');

/** A whole URL with a button that copies it. */
export function longUrl(url: string): Html {
  return html`<span class="copyable"><span class="url">${url}</span>${copyButton(url, 'the URL')}</span>`;
}

function copyButton(text: string, label: string): Html {
  return html`<button type="button" class="copy" data-copy="${text}" aria-label="Copy ${label}" hidden>
    Copy
  </button>`;
}

/** A text with a button that copies it. */
export function copyable(text: string, label: string): Html {
  return html`<span class="copyable"><code>${text}</code>${copyButton(text, label)}</span>`;
}

/** A block of preformatted text; a keyboard can scroll it. */
export function source(text: Content, label: string, id?: string): Html {
  return html`<pre class="source" tabindex="0" role="group" aria-label="${label}" ${attribute('id', id)}>
${text}</pre>`;
}
