import type { ChildNode, Element } from 'domhandler';
import { isElement, isText } from '../dom/index.ts';
import { NOT_TEXT } from '../dom/elements.ts';
import { isItem, ItemNumbers } from '../dom/list-numbers.ts';
import { STRONG } from './inline/marks.ts';
import { definitionOf } from './note-index.ts';
import type { MarkdownVisitor } from './visitor.ts';

const LISTS = new Set(['ul', 'ol', 'menu', 'dir']);

interface Style {
  ordered: boolean;
  /** `-`, `*`, `.` or `)`. */
  sign: string;
  loose: boolean;
}

/** A list is loose when its items hold paragraphs: blank lines then separate the items. */
function isLoose(list: Element): boolean {
  return list.children.some(
    (item) => isItem(item) && item.children.some((child) => isElement(child) && child.name === 'p'),
  );
}

export class Lists {
  readonly #visitor: MarkdownVisitor;
  /** The sign of the list that ended last: a list that follows directly takes another one. */
  #lastSign = '';
  #lastLine = -1;
  #depth = 0;

  constructor(visitor: MarkdownVisitor) {
    this.#visitor = visitor;
  }

  get inItem(): boolean {
    return this.#depth > 0;
  }

  list(element: Element): void {
    const visitor = this.#visitor;
    visitor.boundary();
    if (visitor.mode !== null) {
      for (const child of element.children) visitor.visit(child);
      return visitor.boundary();
    }
    const ordered = element.name === 'ol';
    const style = { ordered, sign: this.#signFor(ordered), loose: isLoose(element) };
    const { writer } = visitor;
    const before = writer.previous;
    const { lineCount } = writer;
    writer.begin('list');
    this.#items(element, style, new ItemNumbers(element));
    if (writer.lineCount === lineCount) writer.restore(before);
    this.#ended(style.sign);
  }

  /** An `<li>` outside of any list: an item of a list of its own, or of the one before it. */
  orphan(item: Element): void {
    const visitor = this.#visitor;
    visitor.boundary();
    if (visitor.mode !== null) {
      visitor.children(item.children);
      return visitor.boundary();
    }
    const continues =
      visitor.writer.previous === 'list' &&
      this.#lastLine === visitor.writer.lineCount &&
      this.#lastSign === '-';
    visitor.writer.begin('list');
    if (continues) visitor.writer.separate(false);
    this.#item(item.children, '- ', false);
    this.#ended('-');
  }

  /** A definition list: each term a bold paragraph, each definition a list item below it. */
  definitions(element: Element): void {
    const visitor = this.#visitor;
    visitor.boundary();
    for (const child of element.children) this.#definition(child);
    visitor.boundary();
  }

  #definition(node: ChildNode): void {
    const visitor = this.#visitor;
    if (!isElement(node)) return visitor.visit(node);
    if (node.name === 'div') {
      for (const child of node.children) this.#definition(child);
    } else if (node.name === 'dt') {
      const definition = definitionOf(node);
      if (definition !== null && visitor.footnotes.labelOf(definition) !== null) return;
      visitor.boundary();
      visitor.withMark(STRONG, node.children);
      visitor.boundary();
    } else if (node.name === 'dd' && visitor.mode === null) {
      const label = visitor.footnotes.labelOf(node);
      if (label === null) this.orphan(node);
      else this.note(node.children, label);
    } else visitor.visit(node);
  }

  #items(list: Element, style: Style, numbers: ItemNumbers): void {
    const visitor = this.#visitor;
    let first = true;
    for (const child of list.children) {
      if (isText(child) ? child.data.trim() === '' : !isElement(child) || NOT_TEXT.has(child.name)) continue;
      const { lineCount } = visitor.writer;
      if (!first) visitor.writer.separate(style.loose);
      if (isItem(child)) {
        this.#listItem(child, style, numbers.next(child), first);
      } else this.#stray(child, style);
      if (visitor.writer.lineCount > lineCount) first = false;
    }
  }

  #listItem(item: Element, style: Style, number: number, first: boolean): void {
    const visitor = this.#visitor;
    const { writer } = visitor;
    const note = visitor.footnotes.labelOf(item);
    if (note !== null) return this.note(item.children, note);
    const isEmpty = item.children.every((child) => isText(child) && child.data.trim() === '');
    const marker = style.ordered ? `${number}${style.sign} ` : `${style.sign} `;
    const cannotInterrupt = isEmpty || (style.ordered && number !== 1 && writer.inParagraph);
    if (first && cannotInterrupt && writer.isOpen) writer.separate(true);
    if (isEmpty) return writer.bare(marker);
    this.#item(item.children, marker, !style.loose);
  }

  /** The text of a footnote. */
  note(children: ChildNode[], label: string): void {
    const { writer, footnotes } = this.#visitor;
    writer.separate(true);
    footnotes.begin(label);
    const container = writer.open(`[^${label}]: `, '    ');
    this.#content(children, false);
    if (container !== null) writer.close(container);
  }

  /**
   * Renders a child of a list that is not an item: a list joins the item before it, anything else
   * becomes an item.
   */
  #stray(child: ChildNode, style: Style): void {
    const visitor = this.#visitor;
    const holdsItems = isElement(child) && child.children.some(isItem);
    if (isElement(child) && holdsItems && !LISTS.has(child.name))
      return this.#items(child, style, new ItemNumbers(child));
    const marker = style.ordered ? '   ' : '  ';
    const isList = isElement(child) && LISTS.has(child.name);
    const container = visitor.writer.open(
      isList ? marker : `${style.ordered ? `1${style.sign}` : style.sign} `,
      marker,
    );
    this.#content([child], !style.loose);
    if (container !== null) visitor.writer.close(container);
  }

  #item(children: ChildNode[], marker: string, tight: boolean): void {
    const { writer } = this.#visitor;
    const container = writer.open(marker);
    this.#content(children, tight);
    if (container !== null) writer.close(container);
  }

  #content(children: ChildNode[], tight: boolean): void {
    const visitor = this.#visitor;
    const outerTight = visitor.writer.tight;
    visitor.writer.tight = tight;
    this.#depth++;
    visitor.children(children);
    visitor.flush();
    this.#depth--;
    visitor.writer.tight = outerTight;
  }

  #signFor(ordered: boolean): string {
    const { writer } = this.#visitor;
    const usual = ordered ? '.' : '-';
    const other = ordered ? ')' : '*';
    const follows = writer.previous === 'list' && this.#lastLine === writer.lineCount;
    return follows && this.#lastSign === usual ? other : usual;
  }

  #ended(sign: string): void {
    this.#lastSign = sign;
    this.#lastLine = this.#visitor.writer.lineCount;
  }
}
