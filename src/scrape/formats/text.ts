import type { ChildNode, Element } from 'domhandler';
import { isElement, isText, MAX_DEPTH, visibleText } from '../dom/index.ts';
import { followsBox, headingLevel, isBlock, NOT_TEXT, PREFORMATTED } from '../dom/elements.ts';
import { emojiOf } from '../dom/emoji.ts';
import { withoutInvisible } from '../dom/invisible.ts';
import { isItem, ItemNumbers } from '../dom/list-numbers.ts';
import { formulaOf } from '../dom/math/formula.ts';
import { codeText, isEditor } from '../dom/preformatted.ts';
import { collapse } from '../long-text/in-pieces.ts';
import { TextBuilder } from '../long-text/text-builder.ts';
import { codeCells, readTable } from '../dom/table-grid.ts';

/** Blocks with a blank line before and after them; other blocks only begin and end a line. */
const SPACED = new Set(
  'address article aside blockquote details dl fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr main nav ol p pre section table ul menu'.split(
    ' ',
  ),
);
const LISTS = new Set(['ul', 'ol', 'menu', 'dir']);
const MAX_INDENT = 20;
const NEEDS_COLLAPSE = /[\t\n\f\r\u00a0]| {2}/;
const SPACES = /[ \t\n\f\r\u00a0]+/g;

/** Collects words into lines: white space collapses, and so do the gaps between blocks. */
class TextWriter {
  readonly #out = new TextBuilder();
  /** The line breaks owed before the next word. */
  #breaks = 0;
  #space = '';
  /** The tabs owed before the next word: one for each cell of the row since the last word. */
  #tabs = 0;
  #listDepth = 0;
  #marker = '';
  /** In a table cell everything stays on the row's line. */
  #inCell = false;
  #depth = 0;

  nodes(nodes: ChildNode[]): void {
    this.#depth++;
    for (const node of nodes) this.#node(node);
    this.#depth--;
  }

  #node(node: ChildNode): void {
    if (isText(node)) this.#text(node.data);
    else if (this.#depth > MAX_DEPTH) this.#text(visibleText(node));
    else if (isElement(node)) this.#element(node);
    else if ('children' in node) this.nodes(node.children);
  }

  #element(element: Element): void {
    const { name } = element;
    const formula = formulaOf(element);
    if (formula === 'shown') return;
    if (formula !== null) return this.#text(formula.tex);
    const emoji = emojiOf(element);
    if (emoji !== null) return this.#text(emoji);
    if (NOT_TEXT.has(name)) return;
    if (name === 'rt') return this.#rubyText(element);
    if (name === 'br') return this.#gap(1);
    if (PREFORMATTED.has(name) || isEditor(element)) return this.#pre(codeText(element));
    if (name === 'table' && !this.#inCell) return this.#table(element);
    if (LISTS.has(name)) return this.#list(element);
    if (followsBox(element)) this.#text(' ');
    const isHeading = headingLevel(element) > 0;
    if (!isBlock(element) && !isHeading) return this.nodes(element.children);
    const isSpaced = isHeading || (SPACED.has(name) && !(name === 'p' && this.#marker !== ''));
    this.#block(element, isSpaced ? 2 : 1);
  }

  #rubyText(element: Element): void {
    const hasParentheses = isElement(element.prev) && element.prev.name === 'rp';
    if (!hasParentheses) this.#text('(');
    this.nodes(element.children);
    if (!hasParentheses) this.#text(')');
  }

  #block(element: Element, breaks: number): void {
    this.#gap(breaks);
    this.nodes(element.children);
    this.#gap(breaks);
  }

  #list(element: Element): void {
    const gap = this.#listDepth > 0 ? 1 : 2;
    this.#gap(gap);
    this.#listDepth++;
    const numbers = new ItemNumbers(element);
    for (const child of element.children) {
      if (isItem(child)) this.#item(child, element.name === 'ol' ? `${numbers.next(child)}. ` : '- ');
      else this.#node(child);
    }
    this.#listDepth--;
    this.#gap(gap);
  }

  #item(item: Element, marker: string): void {
    this.#gap(1);
    const outer = this.#marker;
    this.#marker = ' '.repeat(Math.min(2 * (this.#listDepth - 1), MAX_INDENT)) + marker;
    this.nodes(item.children);
    this.#marker = this.#marker === '' ? '' : outer;
    this.#gap(1);
  }

  #table(table: Element): void {
    const code = codeCells(table);
    if (code !== null) return this.#pre(code.map((cell) => codeText(cell)).join('\n'));
    const grid = readTable(table);
    if (grid === null) return this.#block(table, 2);
    this.#gap(2);
    for (const caption of grid.captions) this.#block(caption, 1);
    for (const row of grid.rows) {
      this.#gap(1);
      this.#tabs = 0;
      for (const [column, cell] of row.entries()) {
        if (column > 0) this.#tabs++;
        this.#inCell = true;
        if (cell !== null) this.nodes(cell.children);
        this.#inCell = false;
      }
    }
    this.#tabs = 0;
    this.#gap(2);
  }

  #pre(code: string): void {
    if (this.#inCell) return this.#text(code);
    this.#gap(2);
    if (code.trim() !== '') this.#put(code);
    this.#gap(2);
  }

  #gap(breaks: number): void {
    if (this.#inCell) this.#space ||= ' ';
    else {
      this.#breaks = Math.max(this.#breaks, breaks);
      this.#space = '';
    }
  }

  #text(data: string): void {
    const visible = withoutInvisible(data);
    const text = NEEDS_COLLAPSE.test(visible) ? collapse(visible, SPACES) : visible;
    if (text === '') return;
    if (text[0] === ' ') this.#space ||= ' ';
    const words = text.trim();
    if (words === '') return;
    this.#put(words);
    if (text.endsWith(' ')) this.#space = ' ';
  }

  #put(text: string): void {
    const out = this.#out;
    const gap = '\t'.repeat(this.#tabs);
    if (out.length > 0) out.add(this.#breaks > 0 ? '\n'.repeat(this.#breaks) + gap : gap || this.#space);
    this.#tabs = 0;
    if (this.#marker !== '') out.add(this.#marker);
    out.add(text);
    this.#marker = '';
    this.#breaks = 0;
    this.#space = '';
  }

  toString(): string {
    return this.#out.toString();
  }
}

/**
 * The readable text of the nodes: one line for each block, blank lines between paragraphs, list
 * items with their bullet or number, table rows with tabs between cells, preformatted text
 * unchanged.
 */
export function toText(nodes: ChildNode[]): string {
  const writer = new TextWriter();
  writer.nodes(nodes);
  return writer.toString();
}
