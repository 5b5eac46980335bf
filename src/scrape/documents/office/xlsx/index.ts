import type { ChildNode } from 'domhandler';
import { element } from '../../nodes.ts';
import type { Archive } from '../archive.ts';
import { relationsOf, targetOf, type Relation } from '../package.ts';
import { tableOf, type TableCell } from '../blocks/tables.ts';
import { NumberFormats } from './numbers.ts';
import { childOf, childrenOf, readUnit, readUnits, textOf, type XmlElement } from '../xml-units.ts';

/** Maximum number of cells that are read of a workbook, and of columns. */
export const MAX_CELLS = 100_000;
export const MAX_COLUMNS = 200;
/** Maximum number of places in the table of a sheet, those without a cell too. */
const MAX_PLACES = 200_000;
const MAX_STRINGS = 1_000_000;

/** What was read of a workbook. */
export interface Workbook {
  nodes: ChildNode[];
  /** Its sheets, and whether some cells were left out. */
  sheets: number;
  cut: boolean;
}

/** A column's letters as its number, from 0; -1 where there are none. */
function columnOf(reference: string | undefined): number {
  const letters = /^[A-Z]{1,3}/.exec(reference ?? '')?.[0] ?? '';
  return letters.split('').reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

/** The text of a string item: its runs without what tells how they are read aloud. */
function stringOf(item: XmlElement): string {
  return childrenOf(item)
    .map((child) => (child.name === 't' ? textOf(child) : child.name === 'r' ? stringOf(child) : ''))
    .join('');
}

const isTrue = (value: string | undefined): boolean => value === '1' || value === 'true';

/** Notes which columns nobody sees: the columns of a sheet stand before its rows. */
function hideColumns({ attribs }: XmlElement, hidden: Set<number>): void {
  if (!isTrue(attribs['hidden'])) return;
  const last = Math.min(Number(attribs['max']), Number(attribs['min']) + MAX_COLUMNS);
  for (let column = Number(attribs['min']); column <= last; column++) hidden.add(column - 1);
}

class WorkbookReader {
  readonly #archive: Archive;
  readonly #relations: Map<string, Relation>;
  readonly #strings: string[] = [];
  readonly #formats: NumberFormats;
  readonly #book: XmlElement | null;
  #cells = 0;
  #cut = false;

  constructor(archive: Archive, part: string) {
    this.#archive = archive;
    this.#relations = relationsOf(archive, part);
    this.#book = readUnit(archive, part, 'workbook');
    const from1904 = /^(?:1|true)$/.test(childOf(this.#book, 'workbookPr')?.attribs['date1904'] ?? '');
    this.#formats = new NumberFormats(archive, targetOf(this.#relations, 'styles'), from1904);
    const strings = targetOf(this.#relations, 'sharedStrings');
    if (strings !== null)
      readUnits(archive, strings, new Set(['si']), (item) => {
        this.#strings.push(stringOf(item));
        return this.#strings.length < MAX_STRINGS;
      });
  }

  read(): Workbook {
    const sheets = childrenOf(childOf(this.#book, 'sheets'), 'sheet').filter(
      ({ attribs }) => !/^(?:very)?hidden$/i.test(attribs['state'] ?? ''),
    );
    const nodes = sheets.flatMap(({ attribs }) => {
      const target = this.#relations.get(attribs['relation'] ?? '')?.target;
      const rows = target === undefined ? [] : this.#rows(target);
      const heading = element('h2', {}, [attribs['name'] ?? '']);
      return rows.length === 0 ? [heading] : [heading, tableOf(rows)];
    });
    return { nodes, sheets: sheets.length, cut: this.#cut };
  }

  /** The rows of a sheet that hold something, and of them the columns that do. */
  #rows(part: string): TableCell[][] {
    const links = this.#linksOf(part);
    const rows: Map<number, TableCell>[] = [];
    const used = new Set<number>();
    const hidden = new Set<number>();
    readUnits(this.#archive, part, new Set(['col', 'row']), (row) => {
      if (row.name === 'col') return hideColumns(row, hidden);
      if (isTrue(row.attribs['hidden'])) return undefined;
      const cells = this.#cellsOf(row, links);
      for (const column of cells.keys()) if (hidden.has(column)) cells.delete(column);
      if (cells.size === 0) return undefined;
      for (const column of cells.keys()) used.add(column);
      rows.push(cells);
      this.#cells += cells.size;
      this.#cut ||= this.#cells > MAX_CELLS;
      return this.#cells <= MAX_CELLS;
    });
    return this.#table(
      rows,
      [...used].toSorted((a, b) => a - b),
    );
  }

  #table(rows: Map<number, TableCell>[], used: number[]): TableCell[][] {
    const columns = used.slice(0, MAX_COLUMNS);
    const places = new Map(columns.map((column, place) => [column, place]));
    const maxRows = Math.floor(MAX_PLACES / Math.max(1, columns.length));
    this.#cut ||= used.length > MAX_COLUMNS || rows.length > maxRows;
    return rows.slice(0, maxRows).map((cells, i) => {
      const end =
        i === 0 ? columns.length : 1 + Math.max(-1, ...[...cells.keys()].map((it) => places.get(it) ?? -1));
      return Array.from({ length: end }, (_, place) => cells.get(columns[place]!) ?? { content: [] });
    });
  }

  #cellsOf(row: XmlElement, links: Map<string, string>): Map<number, TableCell> {
    const cells = new Map<number, TableCell>();
    let column = -1;
    for (const cell of childrenOf(row, 'c')) {
      const place = columnOf(cell.attribs['r']);
      column = place === -1 ? column + 1 : place;
      const text = this.#textOf(cell).trim();
      if (text === '') continue;
      const href = links.get(cell.attribs['r'] ?? '');
      cells.set(column, {
        content: href === undefined ? lines(text) : [element('a', { href }, lines(text))],
      });
    }
    return cells;
  }

  #textOf(cell: XmlElement): string {
    const { t: type, s: style } = cell.attribs;
    if (type === 'inlineStr') return stringOf(childOf(cell, 'is') ?? cell);
    const stored = childOf(cell, 'v');
    const value = stored === null ? '' : textOf(stored);
    if (value === '') {
      const formula = childOf(cell, 'f');
      return formula === null || textOf(formula) === '' ? '' : `=${textOf(formula)}`;
    }
    if (type === 's') return this.#strings[Number(value)] ?? '';
    if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE';
    return type === undefined || type === 'n' ? this.#formats.write(value, style) : value;
  }

  /** The addresses that cells of a sheet link to, by the cell. They stand behind the cells. */
  #linksOf(part: string): Map<string, string> {
    const links = new Map<string, string>();
    const relations = relationsOf(this.#archive, part);
    if (targetOf(relations, 'hyperlink') === null) return links;
    readUnits(this.#archive, part, new Set(['hyperlink']), ({ attribs }) => {
      const relation = relations.get(attribs['relation'] ?? '');
      if (relation?.external === true && attribs['ref'] !== undefined)
        links.set(attribs['ref'].replace(/:.*$/, ''), relation.target);
    });
    return links;
  }
}

/** Text with a line break element for each line feed. */
function lines(text: string): (ChildNode | string)[] {
  if (!text.includes('\n')) return [text];
  return text.split(/\r?\n/).flatMap((line, i) => (i === 0 ? [line] : [element('br', {}, []), line]));
}

/** The visible sheets of an XLSX workbook whose main part is `part`, each under its name. */
export function readXlsx(archive: Archive, part: string): Workbook {
  return new WorkbookReader(archive, part).read();
}
