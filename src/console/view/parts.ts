import { attribute, html, type Content, type Html } from '../../http/html.ts';

const TONES: Record<string, 'good' | 'bad' | 'warn' | 'busy' | 'idle'> = {
  completed: 'good',
  ok: 'good',
  delivered: 'good',
  active: 'good',
  works: 'good',
  failed: 'bad',
  exhausted: 'bad',
  queued: 'busy',
  running: 'busy',
  pending: 'busy',
  'under way': 'busy',
  backing_off: 'warn',
  paused: 'warn',
  skipped: 'idle',
  cancelled: 'idle',
  revoked: 'idle',
};

/** A state as a word, with a colour beside it that says the same. */
export function badge(state: string): Html {
  return html`<span class="badge ${TONES[state] ?? 'idle'}">${state.replaceAll('_', ' ')}</span>`;
}

const RELATIVE: [number, string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** How long ago, or in how long, with the exact time in its title. */
export function time(at: Date | null, now: number = Date.now()): Html {
  if (at === null) return html`<span class="quiet">–</span>`;
  const seconds = Math.round((now - at.getTime()) / 1000);
  const [unit, name] = RELATIVE.find(([size]) => Math.abs(seconds) >= size) ?? [1, 's'];
  const amount = Math.floor(Math.abs(seconds) / unit);
  const text = seconds === 0 ? 'just now' : seconds > 0 ? `${amount} ${name} ago` : `in ${amount} ${name}`;
  return html`<time datetime="${at.toISOString()}" title="${exact(at)}">${text}</time>`;
}

/** The exact time in UTC. */
export function exactTime(at: Date | null): Html {
  if (at === null) return html`<span class="quiet">–</span>`;
  return html`<time datetime="${at.toISOString()}">${exact(at)}</time>`;
}

const exact = (at: Date) => `${at.toISOString().replace('T', ' ').replace(/Z$/, '')} UTC`;

export const count = (n: number) => n.toLocaleString('en-US');

export function duration(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60
    ? `${minutes} min ${Math.round((ms % 60_000) / 1000)} s`
    : `${(minutes / 60).toFixed(1)} h`;
}

export function bytes(n: number | null): string {
  if (n === null) return '–';
  if (n < 1024) return `${n} B`;
  if (n < 1024 * 1024) return `${(n / 1024).toFixed(1)} KiB`;
  return `${(n / 1024 / 1024).toFixed(1)} MiB`;
}

export const percent = (share: number | null) =>
  share === null ? '–' : `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;

export interface Column<Row> {
  label: string;
  cell: (row: Row) => Content;
  numeric?: boolean;
  /** The row's name: it heads the card that the row becomes on a narrow screen. */
  head?: boolean;
}

/** What a column of buttons is called by those who hear the table. */
const NAMELESS = html`<span class="visually-hidden">Actions</span>`;

/** A table that turns into cards on a narrow screen. The roles keep it a table for assistive technology there too. */
export function table<Row>(
  caption: string,
  columns: Column<Row>[],
  rows: readonly Row[],
  empty: Content,
): Html {
  if (rows.length === 0) return html`<div class="empty">${empty}</div>`;
  return html`<table role="table" class="cards">
    <caption>
      ${caption}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map((c) => html`<th role="columnheader" scope="col" class="${c.numeric ? 'number' : ''}">${c.label === '' ? NAMELESS : c.label}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map(
        (row) =>
          html`<tr role="row">
            ${columns.map((c) => tableCell(c, row))}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function tableCell<Row>(column: Column<Row>, row: Row): Html {
  const { label, numeric, head } = column;
  return html`<td role="cell" data-label="${label}" class="${head ? 'head' : ''} ${numeric ? 'number' : ''}">
    ${column.cell(row)}
  </td>`;
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

/** A text that can be copied with one press. */
export function copyable(text: string, label: string): Html {
  return html`<span class="copyable"
    ><code>${text}</code
    ><button type="button" class="copy" data-copy="${text}" aria-label="Copy ${label}" hidden>
      Copy
    </button></span
  >`;
}

/** A block of preformatted text; a keyboard can scroll it. */
export function source(text: string, label: string, id?: string): Html {
  return html`<pre class="source" tabindex="0" role="group" aria-label="${label}" ${attribute('id', id)}>
${text}</pre>`;
}

/** A list is cut at `limit`: the rows to show, and whether there are more. */
export function cut<Row>(rows: Row[], limit: number): { shown: Row[]; more: boolean } {
  return { shown: rows.slice(0, limit), more: rows.length > limit };
}

/** Ways to the next and to the first part of a list, keeping its filters. */
export function pager(
  path: string,
  query: Record<string, string | undefined>,
  next: string | null,
  names = ['Newest', 'Older'],
): Html | null {
  const first = query.cursor !== undefined;
  if (!first && next === null) return null;
  const address = (cursor: string | undefined) => {
    const given = Object.entries({ ...query, cursor }).filter(
      ([, value]) => value !== undefined && value !== '',
    );
    return `${path}?${new URLSearchParams(given as [string, string][]).toString()}`;
  };
  return html`<nav class="pager" aria-label="Parts of the list">
    ${first && html`<a class="button" href="${address(undefined)}">${names[0]}</a>`}
    ${next !== null && html`<a class="button" href="${address(next)}">${names[1]}</a>`}
  </nav>`;
}
