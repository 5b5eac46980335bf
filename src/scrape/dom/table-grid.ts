import type { ChildNode, Element } from 'domhandler';
import { isBlank, isElement, isText } from './index.ts';
import { isGutter } from './preformatted.ts';

export interface TableGrid {
  /** What stands before the table: its captions, and what is out of place in it. */
  captions: Element[];
  /**
   * Cells by row and column, null where a span covers the place. Rows may be shorter than the
   * widest.
   */
  rows: (Element | null)[][];
  /**
   * The last column in which a cell begins, plus one: a span may claim more columns than the table
   * has.
   */
  columns: number;
}

interface Row {
  /** The `<tr>`, or the first of cells without one. */
  element: Element;
  cells: Element[];
}

const SECTIONS = new Set(['thead', 'tbody', 'tfoot', 'form']);
const IGNORED = new Set(['br', 'col', 'colgroup', 'script', 'style', 'template', 'input']);
/** Elements that have no place between rows and cells: browsers show them before the table. */
const MISPLACED = new Set('a b center div em font i p small span strong'.split(' '));
/** Blocks that show that a table without header cells is used for layout. */
const RICH = new Set(
  'h1 h2 h3 h4 h5 h6 pre blockquote form hr section article table figure iframe video fieldset'.split(' '),
);
/** Blocks that a cell may hold as lines, in a table whose rows are alike. */
const LISTS = new Set(['ul', 'ol', 'dl']);
const LONG_CELL = 300;
const MAX_SPAN = 1000;

function isIgnored(node: ChildNode): boolean {
  return isBlank(node) || (isElement(node) && IGNORED.has(node.name));
}

const isCell = ({ name }: Element): boolean => name === 'td' || name === 'th';

function cellsOf(row: Element, captions: Element[]): Element[] | null {
  const cells: Element[] = [];
  for (const child of row.children) {
    if (isIgnored(child)) continue;
    if (!isElement(child)) return null;
    if (isCell(child)) cells.push(child);
    else if (MISPLACED.has(child.name)) captions.push(child);
    else return null;
  }
  return cells;
}

/** Whether an element that is in no place of its own stands around rows. */
function wrapsRows({ name, children }: Element): boolean {
  return (
    MISPLACED.has(name) &&
    children.some((child) => isElement(child) && (child.name === 'tr' || isCell(child)))
  );
}

/** Browsers show the head of a table first and its foot last, wherever they stand. */
const ORDER: Record<string, number> = { thead: 0, tfoot: 2 };

function placeOf({ element: { parent } }: Row): number {
  return (isElement(parent) ? ORDER[parent.name] : undefined) ?? 1;
}

/** The rows of a table, or null when it has content outside of cells, which a grid would lose. */
function rowsOf(table: Element, captions: Element[]): Row[] | null {
  const rows: Row[] = [];
  /** Cells that stand in no row are one as far as they are siblings. */
  const addToRow = (cell: Element): void => {
    const last = rows.at(-1);
    const goesOn = last !== undefined && last.element.name !== 'tr' && last.element.parent === cell.parent;
    if (goesOn) last.cells.push(cell);
    else rows.push({ element: cell, cells: [cell] });
  };
  const addRows = (parent: Element): boolean => {
    for (const child of parent.children) {
      if (isIgnored(child)) continue;
      if (!isElement(child)) return false;
      if (child.name === 'tr') {
        const cells = cellsOf(child, captions);
        if (cells === null) return false;
        rows.push({ element: child, cells });
      } else if (isCell(child)) addToRow(child);
      else if ((SECTIONS.has(child.name) && parent === table) || wrapsRows(child)) {
        if (!addRows(child)) return false;
      } else if (child.name === 'caption' || MISPLACED.has(child.name)) captions.push(child);
      else return false;
    }
    return true;
  };
  if (!addRows(table)) return null;
  return rows.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** What a table's cells hold. */
interface CellContent {
  /** Blocks that a cell of a Markdown table cannot hold. */
  rich: boolean;
  lists: boolean;
  long: boolean;
}

/**
 * Looks through the cells of a table: at a bounded number of nodes per cell and, when the table has
 * no header, only as far as the first rich block. Nested tables are looked through once, not once
 * per level.
 */
function contentOf(table: Element, cells: number, hasHeader: boolean): CellContent {
  let textBudget = cells * LONG_CELL;
  let nodeBudget = hasHeader ? cells * 60 + 200 : Infinity;
  let [rich, lists] = [false, false];
  const stack = table.children.toReversed();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (isText(node)) textBudget -= node.data.length;
    else if (isElement(node)) {
      rich ||= RICH.has(node.name);
      lists ||= LISTS.has(node.name);
      if ((rich || (lists && hasHeader)) && (!hasHeader || textBudget < 0)) break;
      for (let i = node.children.length; i-- > 0;) stack.push(node.children[i]!);
    }
    if (--nodeBudget < 0) return { rich, lists, long: true };
  }
  return { rich, lists, long: textBudget < 0 };
}

function isLayout(table: Element, rows: Row[]): boolean {
  const columns = rows.reduce((most, { cells }) => Math.max(most, cells.length), 0);
  const cells = rows.reduce((sum, row) => sum + row.cells.length, 0);
  if (cells === 0 || /^(?:presentation|none)$/i.test(table.attribs['role'] ?? '')) return true;
  const hasHeader = rows.some((row) => row.cells.some((cell) => cell.name === 'th') || isInHead(row.element));
  if (!hasHeader && (columns < 2 || rows.length < 2)) return true;
  const { rich, lists, long } = contentOf(table, cells, hasHeader && columns > 1);
  if (!hasHeader && lists) return rich || long || rows.some((row) => row.cells.length !== columns);
  return (rich || lists) && (!hasHeader || columns < 2 || long);
}

function isInHead(row: Element): boolean {
  return isElement(row.parent) && row.parent.name === 'thead';
}

function span(cell: Element, attribute: string): number {
  const value = Number.parseInt(cell.attribs[attribute] ?? '', 10);
  return value > 1 ? Math.min(value, MAX_SPAN) : 1;
}

function hasSpan({ attribs }: Element): boolean {
  return attribs['colspan'] !== undefined || attribs['rowspan'] !== undefined;
}

/** How many rows a cell covers; with 0 all that are left of its section. */
function rowsOfCell(cell: Element): number {
  return /^\s{0,20}0+\s{0,20}$/.test(cell.attribs['rowspan'] ?? '') ? Infinity : span(cell, 'rowspan');
}

/**
 * Lays cells out by column. A spanning cell takes its first place, and ends with the section of its
 * table. The number of cells bounds the empty places.
 */
function layOut(rows: Row[]): TableGrid['rows'] {
  if (!rows.some(({ cells }) => cells.some(hasSpan))) return rows.map(({ cells }) => cells);
  let emptyBudget = 1000 + 4 * rows.reduce((sum, row) => sum + row.cells.length, 0);
  let covered = new Map<number, number>();
  return rows.map(({ element, cells }, row) => {
    if (element.parent !== rows[row - 1]?.element.parent) covered = new Map();
    const places: (Element | null)[] = [];
    const below = new Map<number, number>();
    const skipCovered = (): void => {
      for (
        let rest = covered.get(places.length);
        rest !== undefined && emptyBudget > 0;
        rest = covered.get(places.length)
      ) {
        if (rest > 1) below.set(places.length, rest - 1);
        places.push(null);
        emptyBudget--;
      }
    };
    for (const cell of cells) {
      skipCovered();
      const width = Math.min(span(cell, 'colspan'), emptyBudget + 1);
      const height = rowsOfCell(cell);
      for (let i = 0; i < width; i++) {
        if (height > 1) below.set(places.length, height - 1);
        places.push(i === 0 ? cell : null);
      }
      emptyBudget -= width - 1;
    }
    skipCovered();
    covered = below;
    return places;
  });
}

/** The cells of a table of data, or null when the table only lays out its blocks on the page. */
export function readTable(table: Element): TableGrid | null {
  const captions: Element[] = [];
  const rows = rowsOf(table, captions)?.filter(({ cells }) => cells.length > 0) ?? null;
  if (rows === null || isLayout(table, rows)) return null;
  const grid = layOut(rows);
  const columns = grid.reduce(
    (most, row) => Math.max(most, row.findLastIndex((cell) => cell !== null) + 1),
    0,
  );
  return { captions, rows: grid.map((row) => row.slice(0, columns)), columns };
}

/** The code cells of a table that has line numbers beside its code, null for any other table. */
export function codeCells(table: Element): Element[] | null {
  const rows = rowsOf(table, []);
  if (rows === null || rows.length === 0) return null;
  const code: Element[] = [];
  for (const { cells } of rows) {
    const [gutter, ...rest] = cells;
    if (gutter === undefined || rest.length !== 1 || !isGutter(gutter)) return null;
    code.push(rest[0]!);
  }
  return code;
}
