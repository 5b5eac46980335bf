import type { ChildNode, Element } from 'domhandler';
import { isElement } from '../../../dom/index.ts';
import { oneLine } from '../../../long-text/in-pieces.ts';
import { element } from '../../nodes.ts';
import type { Archive } from '../archive.ts';
import { mathmlOf } from '../blocks/math.ts';
import { Runs } from '../blocks/runs.ts';
import { tableOf, type TableCell } from '../blocks/tables.ts';
import { OdfStyles } from './styles.ts';
import { resolvePart } from '../package.ts';
import { MAX_CELLS, MAX_COLUMNS } from '../xlsx/index.ts';
import {
  childOf,
  childrenOf,
  descendantsOf,
  readUnit,
  readUnits,
  rubyOf,
  textOf,
  type XmlElement,
} from '../xml-units.ts';

/** The blocks of a text, the sheets of a spreadsheet, the slides of a presentation. */
const UNITS: ReadonlySet<string> = new Set([
  'h',
  'p',
  'list',
  'table',
  'section',
  'page',
  'table-of-content',
  'frame',
  'tracked-changes',
  'forms',
]);
const LEFT_OUT = new Set(['annotation', 'tracked-changes', 'note-citation', 'table-of-content', 'forms']);
const MAX_SPACES = 100;
const MAX_LEVEL = 8;

/** Reads the content of an OpenDocument file (ISO/IEC 26300), block by block. */
class OdfReader {
  readonly #archive: Archive;
  readonly #styles: OdfStyles;
  readonly #notes: ChildNode[] = [];
  #cells = 0;
  #slides = 0;
  #isSheet = false;

  constructor(archive: Archive, isSheet: boolean) {
    this.#archive = archive;
    this.#isSheet = isSheet;
    this.#styles = new OdfStyles(archive);
  }

  read(): { nodes: ChildNode[]; slides: number; cut: boolean } {
    const nodes: ChildNode[] = [];
    readUnits(this.#archive, 'content.xml', UNITS, (unit) => {
      for (const node of this.#block(unit, 0)) nodes.push(node);
      return this.#cells <= MAX_CELLS;
    });
    if (this.#notes.length > 0) nodes.push(element('ol', {}, this.#notes));
    return { nodes, slides: this.#slides, cut: this.#cells > MAX_CELLS };
  }

  #blocks(parent: XmlElement | null, level = 0): ChildNode[] {
    return childrenOf(parent).flatMap((child) => this.#block(child, level));
  }

  #block(unit: XmlElement, level: number): ChildNode[] {
    if (LEFT_OUT.has(unit.name)) return [];
    switch (unit.name) {
      case 'h':
      case 'p':
        return this.#paragraph(unit);
      case 'list':
        return [this.#list(unit, Math.min(level + 1, MAX_LEVEL), null)];
      case 'table':
        return this.#table(unit);
      case 'page':
        return this.#slide(unit);
      case 'notes':
        return this.#slideNotes(unit);
      case 'title':
      case 'desc':
        return [];
      case 'frame':
        return this.#frame(unit);
      default:
        return this.#blocks(unit, level);
    }
  }

  #paragraph(paragraph: XmlElement): ChildNode[] {
    const runs = new Runs();
    const boxes: ChildNode[] = [];
    this.#inline(paragraph, { runs, boxes, look: [], href: null });
    if (runs.isBlank) return boxes;
    const level = Number(paragraph.attribs['outline-level'] ?? 1) || 1;
    const name = paragraph.name === 'h' ? `h${Math.min(6, level)}` : 'p';
    return [element(name, {}, runs.nodes()), ...boxes];
  }

  #inline(
    parent: XmlElement,
    at: { runs: Runs; boxes: ChildNode[]; look: string[]; href: string | null },
  ): void {
    const { runs, look, href } = at;
    for (const child of parent.children) {
      if (typeof child === 'string') {
        runs.add(child, look, href);
        continue;
      }
      const { name, attribs } = child;
      if (LEFT_OUT.has(name)) continue;
      if (name === 's')
        runs.add(' '.repeat(Math.min(MAX_SPACES, Number(attribs['c'] ?? 1) || 1)), look, href);
      else if (name === 'tab') runs.add(' ', look, href);
      else if (name === 'line-break') runs.add(element('br', {}, []));
      else if (name === 'note') this.#note(child, runs);
      else if (name === 'ruby') runs.add(rubyOf(child, 'ruby-base', 'ruby-text'), look, href);
      else if (name === 'frame') for (const box of this.#frame(child, runs)) at.boxes.push(box);
      else {
        const own = name === 'span' ? this.#styles.lookOf(attribs['style-name']) : [];
        const target =
          name === 'a' && /^(?:https?|mailto):/i.test(attribs['href'] ?? '') ? attribs['href']! : href;
        this.#inline(child, { ...at, look: [...new Set([...look, ...own])], href: target });
      }
    }
  }

  #note(note: XmlElement, runs: Runs): void {
    const label = this.#notes.length + 1;
    const item = element('li', { id: `fn${label}` }, []);
    this.#notes.push(item);
    this.#notes[label - 1] = element('li', { id: `fn${label}` }, this.#blocks(childOf(note, 'note-body')));
    runs.add(element('sup', {}, [element('a', { href: `#fn${label}` }, [String(label)])]));
  }

  /** A frame holds a picture, which its description stands for, or text, or a table. */
  #frame(frame: XmlElement, inline?: Runs): ChildNode[] {
    const runs = inline ?? new Runs();
    const formula = this.#formula(childOf(frame, 'object')?.attribs['href']);
    if (formula !== null) runs.add(formula);
    else if (childOf(frame, 'image') !== null || childOf(frame, 'object') !== null) {
      const said = childOf(frame, 'desc') ?? childOf(frame, 'title');
      runs.alt(said === null ? undefined : textOf(said));
    }
    const boxes = [
      ...childrenOf(frame, 'text-box').flatMap((box) => this.#blocks(box)),
      ...childrenOf(frame, 'table').flatMap((table) => this.#table(table)),
    ];
    return inline !== undefined || runs.isBlank ? boxes : [element('p', {}, runs.nodes()), ...boxes];
  }

  /** The formula in an embedded object, which has parts of its own. */
  #formula(reference: string | undefined): Element | null {
    const part = reference === undefined ? null : resolvePart('', `${reference}/content.xml`);
    const math = part === null ? null : readUnit(this.#archive, part, 'math');
    return math === null ? null : mathmlOf(math);
  }

  /** A list in a list has the style of the outer one where it names none. */
  #list(list: XmlElement, level: number, outer: string | null): ChildNode {
    const style = list.attribs['style-name'] ?? outer;
    const ordered = this.#styles.isNumbered(style, level);
    const items = childrenOf(list)
      .filter(({ name }) => name === 'list-item' || name === 'list-header')
      .map((item) =>
        element(
          'li',
          {},
          childrenOf(item).flatMap((child) =>
            child.name === 'list'
              ? [this.#list(child, Math.min(level + 1, MAX_LEVEL), style)]
              : this.#block(child, level).flatMap(unwrapped),
          ),
        ),
      );
    const start = Number(childrenOf(list, 'list-item')[0]?.attribs['start-value']);
    return element(ordered ? 'ol' : 'ul', ordered && start > 1 ? { start: String(start) } : {}, items);
  }

  #table(table: XmlElement): ChildNode[] {
    if (this.#styles.isHidden(table.attribs['style-name'])) return [];
    const rows = rowsOf(table).flatMap((row) => {
      const cells = this.#cellsOf(row);
      return cells.every(({ content }) => content.length === 0) ? [] : [cells];
    });
    const name = table.attribs['name'];
    const heading = this.#isSheet && name !== undefined ? [element('h2', {}, [name])] : [];
    return rows.length === 0 ? heading : [...heading, tableOf(rows)];
  }

  #cellsOf(row: XmlElement): TableCell[] {
    const cells: TableCell[] = [];
    for (const cell of childrenOf(row)) {
      if (cell.name !== 'table-cell' || this.#cells > MAX_CELLS) continue;
      const { attribs } = cell;
      const content = this.#blocks(cell);
      const made: TableCell = {
        content: content.length === 1 ? unwrapped(content[0]!) : content,
        columns: Math.min(MAX_COLUMNS, Number(attribs['number-columns-spanned'] ?? 1) || 1),
        rows: Number(attribs['number-rows-spanned'] ?? 1) || 1,
      };
      const repeats = Math.min(
        Number(attribs['number-columns-repeated'] ?? 1) || 1,
        MAX_COLUMNS - cells.length,
      );
      for (let i = 0; i < repeats; i++) cells.push(i === 0 ? made : { ...made, content: this.#again(cell) });
      if (content.length > 0) this.#cells += repeats;
    }
    while (cells.at(-1)?.content.length === 0) cells.pop();
    return cells;
  }

  #again(cell: XmlElement): (ChildNode | string)[] {
    return cell.children.length === 0 ? [] : [childrenOf(cell, 'p').map(textOf).join(' ')];
  }

  #slide(page: XmlElement): ChildNode[] {
    this.#slides++;
    const title = childrenOf(page, 'frame').find(({ attribs }) => attribs['class'] === 'title');
    const words = title === undefined ? '' : oneLine(textOf(title));
    const others = childrenOf(page).filter((child) => child !== title);
    return [
      element('h2', {}, [words || `Slide ${this.#slides}`]),
      ...others.flatMap((child) => this.#block(child, 0)),
    ];
  }

  #slideNotes(notes: XmlElement): ChildNode[] {
    const nodes = descendantsOf(notes, 'text-box').flatMap((box) => this.#blocks(box));
    return nodes.length === 0 ? [] : [element('blockquote', {}, nodes)];
  }
}

/** The rows of a table, those of its groups and headers too. Repeated rows count once. */
function rowsOf(table: XmlElement): XmlElement[] {
  return childrenOf(table).flatMap((child) => {
    if (child.name === 'table-row') return [child];
    return /^table-(?:row-group|header-rows|rows)$/.test(child.name) ? rowsOf(child) : [];
  });
}

/** The content of a paragraph that stands alone. */
function unwrapped(node: ChildNode): ChildNode[] {
  return isElement(node) && node.name === 'p' ? node.children : [node];
}

/** The blocks of an OpenDocument text, spreadsheet or presentation. */
export function readOdf(
  archive: Archive,
  isSheet: boolean,
): { nodes: ChildNode[]; slides: number; cut: boolean } {
  return new OdfReader(archive, isSheet).read();
}
