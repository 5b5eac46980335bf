import type { ChildNode } from 'domhandler';
import { textContent } from '../../../dom/index.ts';
import { element } from '../../nodes.ts';
import type { Archive } from '../archive.ts';
import { addressIn, addressOf, charactersOf, isOn, lookOf, type Field } from './runs.ts';
import { DocxStyles } from './styles.ts';
import { graphicsOf } from '../blocks/graphics.ts';
import { BlockList } from '../blocks/lists.ts';
import { formulasOf } from '../blocks/math.ts';
import { relationsOf, targetOf, type Relation } from '../package.ts';
import { Runs } from '../blocks/runs.ts';
import { tableOf, type TableCell } from '../blocks/tables.ts';
import { childOf, childrenOf, descendantsOf, readUnits, textOf, type XmlElement } from '../xml-units.ts';

const BLOCKS: ReadonlySet<string> = new Set(['p', 'tbl']);
/** Text that was deleted or moved away, and a second form of what stands beside it. */
const LEFT_OUT = new Set(['del', 'moveFrom', 'Fallback', 'rPr', 'pPr', 'tblPr', 'trPr', 'tcPr', 'sdtPr']);

interface Notes {
  /** The label of a note, and the part that it stands in. */
  readonly labels: Map<string, number>;
  readonly part: string | null;
}

/** Reads the body of a DOCX document (ISO/IEC 29500-1, part 17), block by block. */
class DocxReader {
  readonly #archive: Archive;
  readonly #part: string;
  readonly #relations: Map<string, Relation>;
  readonly #styles: DocxStyles;
  readonly #notes: Record<'footnote' | 'endnote', Notes>;
  #noteCount = 0;
  /** What charts and diagrams of the paragraph say. */
  #graphics: ChildNode[] = [];
  #field: Field | null = null;

  constructor(archive: Archive, part: string) {
    this.#archive = archive;
    this.#part = part;
    this.#relations = relationsOf(archive, part);
    const target = (type: string) => targetOf(this.#relations, type);
    this.#styles = new DocxStyles(archive, target('styles'), target('numbering'));
    this.#notes = {
      footnote: { labels: new Map(), part: target('footnotes') },
      endnote: { labels: new Map(), part: target('endnotes') },
    };
  }

  read(): ChildNode[] {
    const blocks = new BlockList();
    readUnits(this.#archive, this.#part, BLOCKS, (unit) => this.#block(unit, blocks));
    const notes = [...this.#notesOf('footnote'), ...this.#notesOf('endnote')].toSorted((a, b) => a[0] - b[0]);
    if (notes.length > 0)
      blocks.block(
        element(
          'ol',
          {},
          notes.map(([, note]) => note),
        ),
      );
    return blocks.take();
  }

  #notesOf(kind: 'footnote' | 'endnote'): [number, ChildNode][] {
    const { labels, part } = this.#notes[kind];
    const found: [number, ChildNode][] = [];
    if (part === null || labels.size === 0) return found;
    readUnits(this.#archive, part, new Set([kind]), (note) => {
      const label = labels.get(note.attribs['id'] ?? '');
      if (label !== undefined) found.push([label, element('li', { id: `fn${label}` }, this.#blocks(note))]);
    });
    return found;
  }

  #blocks(parent: XmlElement): ChildNode[] {
    const blocks = new BlockList();
    this.#addBlocks(parent, blocks);
    return blocks.take();
  }

  #addBlocks(parent: XmlElement, blocks: BlockList): void {
    for (const child of childrenOf(parent)) {
      if (BLOCKS.has(child.name)) this.#block(child, blocks);
      else if (!LEFT_OUT.has(child.name)) this.#addBlocks(child, blocks);
    }
  }

  #block(unit: XmlElement, blocks: BlockList): void {
    if (unit.name === 'tbl') blocks.block(this.#table(unit));
    else this.#paragraph(unit, blocks);
  }

  #paragraph(paragraph: XmlElement, blocks: BlockList): void {
    const kind = this.#styles.kindOf(paragraph);
    const runs = new Runs();
    const boxes: XmlElement[] = [];
    this.#graphics = [];
    this.#inline(paragraph, runs, null, boxes);
    const content = runs.nodes();
    const graphics = this.#graphics;
    if (kind.code)
      blocks.code(content.map((node) => (typeof node === 'string' ? node : textContent(node))).join(''));
    else if (runs.isBlank) blocks.block();
    else if (kind.heading !== null) blocks.block(element(`h${kind.heading}`, {}, content));
    else if (kind.list !== null) {
      const { ordered, start } = this.#styles.count(kind.list);
      blocks.item({ level: kind.list.level, ordered, start, content });
    } else {
      const block = element('p', {}, content);
      blocks.block(kind.quote ? element('blockquote', {}, [block]) : block);
    }
    if (graphics.length > 0) blocks.block(...graphics);
    for (const box of boxes) this.#addBlocks(box, blocks);
  }

  #inline(parent: XmlElement, runs: Runs, href: string | null, boxes: XmlElement[]): void {
    for (const child of childrenOf(parent)) {
      if (LEFT_OUT.has(child.name)) continue;
      if (child.name === 'r') this.#run(child, runs, href, boxes);
      else if (child.name === 'hyperlink') this.#inline(child, runs, this.#target(child) ?? href, boxes);
      else if (child.name === 'fldSimple')
        this.#inline(child, runs, addressIn(child.attribs['instr'] ?? '') ?? href, boxes);
      else if (child.name === 'oMath' || child.name === 'oMathPara')
        for (const formula of formulasOf(child)) runs.add(formula, [], href);
      else this.#inline(child, runs, href, boxes);
    }
  }

  #target({ attribs }: XmlElement): string | null {
    const relation = this.#relations.get(attribs['relation'] ?? '');
    return relation?.external === true ? relation.target : null;
  }

  #run(run: XmlElement, runs: Runs, outer: string | null, boxes: XmlElement[]): void {
    const properties = childOf(run, 'rPr');
    if (isOn(properties, 'vanish')) return;
    const look = lookOf(properties);
    for (const child of childrenOf(run)) {
      if (this.#fieldSign(child)) continue;
      const href = outer ?? addressOf(this.#field);
      const text = charactersOf(child);
      if (text !== null) runs.add(text, look, href);
      else if (child.name === 'br' || child.name === 'cr') {
        if (child.attribs['type'] !== 'page') runs.add(element('br', {}, []));
      } else if (child.name === 'footnoteReference') this.#reference('footnote', child, runs);
      else if (child.name === 'endnoteReference') this.#reference('endnote', child, runs);
      else if (child.name === 'drawing' || child.name === 'pict' || child.name === 'AlternateContent')
        this.#picture(child, runs, boxes);
    }
  }

  /** Follows the signs of a field, whose instruction may be the address of a link. */
  #fieldSign({ name, attribs, children }: XmlElement): boolean {
    if (name === 'fldChar') {
      const type = attribs['fldCharType'];
      if (type === 'begin') this.#field = { instruction: '', inCode: true, outer: this.#field };
      else if (type === 'separate' && this.#field) this.#field.inCode = false;
      else if (type === 'end') this.#field = this.#field?.outer ?? null;
      return true;
    }
    if (name !== 'instrText') return false;
    if (this.#field) this.#field.instruction += children.map(textOf).join('');
    return true;
  }

  #reference(kind: 'footnote' | 'endnote', { attribs }: XmlElement, runs: Runs): void {
    const { labels } = this.#notes[kind];
    const id = attribs['id'] ?? '';
    const label = labels.get(id) ?? ++this.#noteCount;
    labels.set(id, label);
    runs.add(element('sup', {}, [element('a', { href: `#fn${label}` }, [String(label)])]));
  }

  /** What a picture shows by its description, and the text of boxes in a drawing. */
  #picture(drawing: XmlElement, runs: Runs, boxes: XmlElement[]): void {
    const shown = drawing.name === 'AlternateContent' ? childOf(drawing, 'Choice') : drawing;
    if (shown === null) return;
    for (const { attribs } of descendantsOf(shown, 'docPr')) runs.alt(attribs['descr'] ?? attribs['title']);
    for (const box of descendantsOf(shown, 'txbxContent')) boxes.push(box);
    for (const node of graphicsOf(shown, this.#archive, this.#relations)) this.#graphics.push(node);
  }

  #table(table: XmlElement): ChildNode {
    const rows: TableCell[][] = [];
    /** The cells that may go on in the next row, by the column in which they begin. */
    let above = new Map<number, TableCell>();
    for (const row of rowsOf(table)) {
      const cells: TableCell[] = [];
      const here = new Map<number, TableCell>();
      let column = 0;
      for (const cell of cellsOf(row)) {
        const properties = childOf(cell, 'tcPr');
        const columns = Math.max(
          1,
          Math.min(100, Number(childOf(properties, 'gridSpan')?.attribs['val'] ?? 1) || 1),
        );
        const merge = childOf(properties, 'vMerge');
        const goesOn = merge !== null && merge.attribs['val'] !== 'restart' ? above.get(column) : undefined;
        if (goesOn !== undefined) goesOn.rows = (goesOn.rows ?? 1) + 1;
        const made = goesOn ?? { content: this.#blocks(cell), columns };
        if (goesOn === undefined) cells.push(made);
        here.set(column, made);
        column += columns;
      }
      above = here;
      rows.push(cells);
    }
    return tableOf(rows);
  }
}

function rowsOf(table: XmlElement): XmlElement[] {
  return childrenOf(table).flatMap((child) => {
    if (child.name === 'tr') return childOf(child, 'trPr', 'del') === null ? [child] : [];
    return LEFT_OUT.has(child.name) ? [] : rowsOf(child);
  });
}

function cellsOf(row: XmlElement): XmlElement[] {
  return childrenOf(row).flatMap((child) => {
    if (child.name === 'tc') return [child];
    return LEFT_OUT.has(child.name) ? [] : cellsOf(child);
  });
}

/** The blocks of a DOCX document whose main part is `part`. */
export function readDocx(archive: Archive, part: string): ChildNode[] {
  return new DocxReader(archive, part).read();
}
