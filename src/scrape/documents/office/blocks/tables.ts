import type { ChildNode, Element } from 'domhandler';
import { element } from '../../nodes.ts';

/** A cell of a table and the places that it spans. */
export interface TableCell {
  content: (ChildNode | string)[];
  columns?: number;
  rows?: number;
}

/**
 * A table whose first row is its head. One of a single row or column is a frame around its text.
 */
export function tableOf(rows: TableCell[][]): Element {
  const widest = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const hasHead = widest > 1 && rows.length > 1;
  return element(
    'table',
    {},
    rows.map((row, i) =>
      element(
        'tr',
        {},
        row.map((cell) => cellOf(cell, hasHead && i === 0 ? 'th' : 'td')),
      ),
    ),
  );
}

function cellOf({ content, columns = 1, rows = 1 }: TableCell, name: string): Element {
  const attribs: Record<string, string> = {};
  if (columns > 1) attribs['colspan'] = String(columns);
  if (rows > 1) attribs['rowspan'] = String(rows);
  return element(name, attribs, content);
}
