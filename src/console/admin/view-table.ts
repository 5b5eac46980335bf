import { html, type Content, type Html } from '../../http/html/html.ts';
import { bytes, percent, time } from '../view/format.ts';
import { table } from '../view/table.ts';
import { accountPath } from './accounts.ts';
import { VIEW_ROWS, type AdminView } from './views.ts';

/** Columns of ids come last: they are long, and seldom read. */
const ID = /(^|_)id$/;

/** A view as a section: title, comment and rows, ids last. */
export function viewSection(title: string, view: AdminView): Html {
  const ids = view.columns.filter((column) => ID.test(column));
  const columns = [...view.columns.filter((column) => !ID.test(column)), ...ids].map((column, n) => ({
    label: labelOf(column),
    head: n === 0,
    numeric: view.rows.some((row) => isNumber(row[column])),
    cell: (row: Record<string, unknown>) => cell(column, row[column]),
  }));
  return html`<section>
    <h2>${title}</h2>
    <p class="quiet">${view.comment}</p>
    <div class="wide" tabindex="0" role="group" aria-label="${title}">
      ${table(title, columns, view.rows, html`<p>None.</p>`)}
    </div>
    ${view.rows.length === VIEW_ROWS && html`<p class="quiet">The first ${VIEW_ROWS} are shown.</p>`}
  </section>`;
}

const UNITS: Record<string, string> = { ms: 'ms', seconds: 's', bytes: 'bytes' };

/** A column's name as a label, its unit in parentheses: `p95_ms` is `p95 (ms)`. */
function labelOf(column: string): string {
  const [, name = column, unit] = /^(.+)_(ms|seconds|bytes)$/.exec(column) ?? [];
  const words = name.replaceAll('_', ' ').replace(/\b(url|id)\b/g, (word) => word.toUpperCase());
  return words[0]!.toUpperCase() + words.slice(1) + (unit === undefined ? '' : ` (${UNITS[unit]})`);
}

const figure = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** Postgres' numeric comes as text. */
const isNumber = (value: unknown) =>
  typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));

function cell(column: string, value: unknown): Content {
  if (value === null || value === undefined) return html`<span class="quiet">–</span>`;
  if (value instanceof Date) return time(value);
  if (typeof value === 'object') return interval(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (column === 'bytes') return bytes(Number(text));
  if (column === 'success_rate') return percent(Number(text));
  if (column === 'account_id') return html`<a href="${accountPath(text)}"><code>${text}</code></a>`;
  if (isNumber(value)) return figure.format(Number(text));
  if (ID.test(column)) return html`<code>${text}</code>`;
  return /url|endpoint|host/.test(column) ? html`<span class="url" title="${text}">${text}</span>` : text;
}

/** What the driver makes of a Postgres interval. */
interface Interval {
  days?: number;
  hours?: number;
  minutes?: number;
  seconds?: number;
}

function interval({ days = 0, hours = 0, minutes = 0, seconds = 0 }: Interval): string {
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds} s`;
}
