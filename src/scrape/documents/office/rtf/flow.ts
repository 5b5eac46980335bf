import type { ChildNode } from 'domhandler';
import { isElement } from '../../../dom/index.ts';
import { element } from '../../nodes.ts';
import { BlockList } from '../blocks/lists.ts';
import { Runs, type Look } from '../blocks/runs.ts';
import { tableOf, type TableCell } from '../blocks/tables.ts';

/** What a paragraph is. */
export interface ParagraphKind {
  heading: number | null;
  /** The bullet or number before it, where it is an item of a list. */
  marker: string | null;
  level: number;
  inTable: boolean;
}

const NUMBER = /^[\s(]*(?:(\d{1,9})|[a-z]{1,3}|[ivxlcdm]{1,8})[.)]/i;

/** Collects the paragraphs and tables of a document, or of a note in it. */
export class Flow {
  readonly #blocks = new BlockList();
  #runs = new Runs();
  /** The rows of the table that is open, the cells of its last row, and the blocks of a cell. */
  #rows: TableCell[][] = [];
  #cells: TableCell[] = [];
  #cell = new BlockList();

  text(text: string, look: Look, href: string | null): void {
    this.#runs.add(text, look, href);
  }

  node(node: ChildNode): void {
    this.#runs.add(node);
  }

  endParagraph(kind: ParagraphKind): void {
    if (!kind.inTable) this.#endTable();
    const into = kind.inTable ? this.#cell : this.#blocks;
    const runs = this.#takeRuns();
    if (runs.isBlank) return;
    const content = runs.nodes();
    if (kind.marker !== null) {
      const [marker, number] = NUMBER.exec(kind.marker) ?? [];
      const start = Number(number);
      into.item({ level: kind.level, ordered: marker !== undefined, ...(start > 1 && { start }), content });
    } else into.block(element(kind.heading === null ? 'p' : `h${kind.heading}`, {}, content));
  }

  endCell(): void {
    this.endParagraph({ heading: null, marker: null, level: 0, inTable: true });
    const content = this.#cell.take();
    const [only] = content;
    const isPlain = content.length === 1 && isElement(only) && only.name === 'p';
    this.#cells.push({ content: isPlain ? only.children : content });
    this.#cell = new BlockList();
  }

  endRow(): void {
    if (this.#cells.length > 0) this.#rows.push(this.#cells);
    this.#cells = [];
  }

  /** Everything, with the paragraph that is open. */
  take(): ChildNode[] {
    this.endParagraph({ heading: null, marker: null, level: 0, inTable: false });
    return this.#blocks.take();
  }

  #takeRuns(): Runs {
    const runs = this.#runs;
    this.#runs = new Runs();
    return runs;
  }

  #endTable(): void {
    this.endRow();
    const rows = this.#rows;
    this.#rows = [];
    const rest = this.#cell.take();
    this.#cell = new BlockList();
    if (rows.length > 0) this.#blocks.block(tableOf(rows));
    if (rest.length > 0) this.#blocks.block(...rest);
  }
}
