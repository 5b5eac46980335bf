import { html, type Content, type Html } from '../../http/html/html.ts';

export interface Column<Row> {
  label: string;
  cell: (row: Row) => Content;
  numeric?: boolean;
  /** The row's name: it heads the card that the row becomes on a narrow screen. */
  head?: boolean;
  /** Left out of the card. */
  minor?: boolean;
}

/** The name of a column of buttons, for screen readers. */
const NAMELESS = html`<span class="visually-hidden">Actions</span>`;

/**
 * A table that turns into cards where it has no room. The roles keep it a table for screen readers.
 */
export function table<Row>(
  caption: string,
  columns: Column<Row>[],
  rows: readonly Row[],
  empty: Content,
): Html {
  if (rows.length === 0) return html`<div class="empty">${empty}</div>`;
  return html`<div class="fit">
    <table role="table" class="cards">
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
    </table>
  </div>`;
}

function tableCell<Row>(column: Column<Row>, row: Row): Html {
  const { label, numeric, head, minor } = column;
  const classes = [head && 'head', numeric && 'number', minor && 'minor'].filter(Boolean).join(' ');
  return html`<td role="cell" data-label="${label}" class="${classes}">${column.cell(row)}</td>`;
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
