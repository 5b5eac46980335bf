import type { Element } from 'domhandler';
import { codeLanguage, codeText } from '../dom/preformatted.ts';
import { codeCells, readTable, type TableGrid } from '../dom/table-grid.ts';
import { inPieces } from '../long-text/in-pieces.ts';
import { renderFence } from './blocks.ts';
import type { MarkdownVisitor } from './visitor.ts';

/**
 * Renders a table of data as a GFM table, a table of code lines as code, and a layout table as its
 * blocks.
 */
export function renderTable(visitor: MarkdownVisitor, table: Element): void {
  visitor.boundary();
  if (visitor.mode !== null) visitor.children(table.children);
  else if (!renderCode(visitor, table)) {
    const grid = readTable(table);
    if (grid === null) visitor.children(table.children);
    else renderGrid(visitor, grid);
  }
  visitor.boundary();
}

function renderCode(visitor: MarkdownVisitor, table: Element): boolean {
  const cells = codeCells(table);
  if (cells === null) return false;
  const language = codeLanguage(table) || codeLanguage(cells[0]!);
  renderFence(visitor, cells.map((cell) => codeText(cell)).join('\n'), language);
  return true;
}

function renderGrid(visitor: MarkdownVisitor, grid: TableGrid): void {
  for (const caption of grid.captions) {
    visitor.children(caption.children);
    visitor.boundary();
  }
  const rows = grid.rows.map((row) => row.map((cell) => (cell === null ? '' : cellText(visitor, cell))));
  const [header, ...body] = rows;
  if (header === undefined || rows.every((row) => row.every((cell) => cell === ''))) return;
  while (header.length < grid.columns) header.push('');
  const { writer } = visitor;
  writer.begin('table');
  writer.line(tableRow(header));
  writer.line(`| ${header.map((_, column) => delimiter(grid, column)).join(' | ')} |`);
  for (const row of body) writer.line(tableRow(row));
}

function tableRow(cells: string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function cellText(visitor: MarkdownVisitor, cell: Element): string {
  const text = visitor.inlineOnly('cell', cell.children);
  return text.includes('|') ? inPieces(text, (piece) => piece.replaceAll('|', '\\|')) : text;
}

/** The delimiter cell of a column, with the alignment of its header cell or first body cell. */
function delimiter(grid: TableGrid, column: number): string {
  const cell = grid.rows[0]?.[column] ?? grid.rows[1]?.[column];
  const style = /text-align\s*:\s*(left|center|right)/i.exec(cell?.attribs['style'] ?? '');
  switch ((style?.[1] ?? cell?.attribs['align'] ?? '').toLowerCase()) {
    case 'left':
      return ':---';
    case 'center':
      return ':---:';
    case 'right':
      return '---:';
    default:
      return '---';
  }
}
