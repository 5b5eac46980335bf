import type { ChildNode, Element } from 'domhandler';
import { isElement, isText, MAX_DEPTH, textContent } from '../dom.ts';
import { BLOCK_ELEMENTS, NOT_TEXT } from '../elements.ts';
import { formulaOf } from '../math.ts';
import { codeLanguage, codeText } from '../preformatted.ts';
import { renderAnchor } from './anchors.ts';
import { escapeDefinition, escapeHeadingEnd, escapeLine, fenceFor } from './escape.ts';
import { Footnotes } from './footnotes.ts';
import { InlineBuffer } from './inline.ts';
import { Lists } from './lists.ts';
import { DELETED, EMPHASIS, STRONG, SUBSCRIPT, SUPERSCRIPT, type Mark, type Marks } from './marks.ts';
import { image, player } from './media.ts';
import { renderTable } from './tables.ts';
import { BlockWriter } from './writer.ts';

/** How block boundaries are written where no block can stand. */
export type InlineMode = 'heading' | 'cell';

const NO_MARKS: Marks = [];

const MARKS: Record<string, Mark> = {
  em: EMPHASIS,
  i: EMPHASIS,
  cite: EMPHASIS,
  dfn: EMPHASIS,
  var: EMPHASIS,
  strong: STRONG,
  b: STRONG,
  del: DELETED,
  s: DELETED,
  strike: DELETED,
  sub: SUBSCRIPT,
  sup: SUPERSCRIPT,
};

/** Walks the tree once: inline content gathers in a buffer, which every block boundary writes out. */
export class MarkdownRenderer {
  readonly base: string;
  readonly writer = new BlockWriter();
  readonly inline = new InlineBuffer();
  readonly footnotes: Footnotes;
  readonly lists: Lists;
  marks: Marks = NO_MARKS;
  #mode: InlineMode | null = null;
  #depth = 0;

  constructor(base: string, roots: ChildNode[]) {
    this.base = base;
    this.footnotes = new Footnotes(roots);
    this.lists = new Lists(this);
  }

  /** Where only inline content can stand: the reason; else null. */
  get mode(): InlineMode | null {
    return this.#mode;
  }

  children(nodes: ChildNode[]): void {
    this.#depth++;
    for (const node of nodes) this.visit(node);
    this.#depth--;
  }

  visit(node: ChildNode): void {
    if (isText(node)) this.inline.text(node.data, this.marks);
    else if (this.#depth > MAX_DEPTH) this.inline.text(textContent(node), this.marks);
    else if (isElement(node)) this.#element(node);
    else if ('children' in node) this.children(node.children);
  }

  /** Ends the current paragraph, or in inline mode the current piece of text. */
  boundary(): void {
    if (this.#mode === null) this.flush();
    else if (!this.inline.isEmpty && !this.inline.endsWithBreak) this.#softBreak(this.#mode);
  }

  /** Writes what inline content there is as a paragraph. */
  flush(): void {
    if (this.inline.isEmpty) return;
    const text = escapeDefinition(this.inline.take());
    if (text === '') return;
    this.writer.begin('paragraph');
    if (!text.includes('\n')) return this.writer.line(escapeLine(text, true));
    for (const [i, line] of text.split('\n').entries()) this.writer.line(escapeLine(line, i === 0));
  }

  /** Renders content on one line, apart from what is around it, and returns that. */
  inlineOnly(mode: InlineMode, nodes: ChildNode[]): string {
    const outer = this.#mode;
    this.#mode = mode;
    this.children(nodes);
    this.#mode = outer;
    return this.inline.take();
  }

  withMark(mark: Mark, nodes: ChildNode[]): void {
    const outer = this.marks;
    if (!outer.includes(mark)) this.marks = [...outer, mark];
    this.children(nodes);
    this.marks = outer;
  }

  #softBreak(mode: InlineMode): void {
    this.inline.lineBreak(mode === 'cell' ? '<br>' : ' ', this.marks);
  }

  #element(element: Element): void {
    const { name } = element;
    if (name === 'math' || name === 'script' || name === 'img' || element.attribs['class'] !== undefined) {
      const formula = formulaOf(element);
      if (formula === 'shown') return;
      if (formula !== null) return this.#formula(formula.tex, formula.display);
    }
    const mark = MARKS[name];
    if (mark !== undefined && Object.hasOwn(MARKS, name)) return this.#marked(element, mark);
    switch (name) {
      case 'a':
        return renderAnchor(this, element);
      case 'br':
        return this.#lineBreak();
      case 'img':
        return this.inline.verbatim(image(element, this.base), this.marks);
      case 'code':
      case 'kbd':
      case 'samp':
      case 'tt':
        return this.#code(element);
      case 'pre':
        return this.fence(codeText(element), codeLanguage(element));
      case 'h1':
      case 'h2':
      case 'h3':
      case 'h4':
      case 'h5':
      case 'h6':
        return this.#heading(element);
      case 'ul':
      case 'ol':
      case 'menu':
      case 'dir':
        return this.lists.list(element);
      case 'li':
        return this.lists.orphan(element);
      case 'dl':
        return this.lists.definitions(element);
      case 'blockquote':
        return this.#quote(element);
      case 'table':
        return renderTable(this, element);
      case 'hr':
        return this.#rule();
      case 'input':
        return this.#checkbox(element);
      case 'summary':
        this.boundary();
        this.withMark(STRONG, element.children);
        return this.boundary();
      case 'q':
        return this.#around('"', element, '"');
      case 'rt':
        return this.#rubyText(element);
      case 'iframe':
      case 'video':
      case 'audio':
        return this.#player(element);
      default:
        return this.#other(element);
    }
  }

  #other(element: Element): void {
    if (NOT_TEXT.has(element.name)) return;
    if (!BLOCK_ELEMENTS.has(element.name)) return this.children(element.children);
    this.boundary();
    this.children(element.children);
    this.boundary();
  }

  #marked(element: Element, mark: Mark): void {
    if (element.name === 'sup' && this.footnotes.reference(this, element)) return;
    const style = element.attribs['style'];
    const unset = style !== undefined && /font-(?:weight\s*:\s*(?:normal|400)|style\s*:\s*normal)/.test(style);
    if (unset) this.children(element.children);
    else this.withMark(mark, element.children);
  }

  #formula(tex: string, display: boolean): void {
    const block = display && this.#mode === null;
    if (block) this.flush();
    this.inline.verbatim(display ? `$$${tex}$$` : `$${tex}$`, this.marks);
    if (block) this.flush();
  }

  #lineBreak(): void {
    if (this.#mode !== null) return this.#softBreak(this.#mode);
    if (this.inline.endsWithBreak) return this.flush();
    this.inline.lineBreak('\\\n', this.marks);
  }

  #code(element: Element): void {
    const hasLines = element.children.some((child) => isElement(child) && child.name === 'br');
    if (hasLines && this.#mode === null) return this.fence(codeText(element), codeLanguage(element));
    const text = textContent(element);
    if (!text.includes('\n')) return this.inline.code(text, this.marks);
    const line = text.replace(/[ \t\r\n]+/g, ' ');
    if (/^\s/.test(line)) this.inline.text(' ', this.marks);
    this.inline.code(line.trim(), this.marks);
    if (/\s$/.test(line)) this.inline.text(' ', this.marks);
  }

  /** A fenced code block; in inline mode a code span for each line. */
  fence(code: string, language: string): void {
    if (code.trim() === '') return;
    this.boundary();
    if (this.#mode !== null) {
      for (const line of code.split('\n')) {
        this.inline.code(line.trim(), this.marks);
        this.boundary();
      }
      return;
    }
    const fence = fenceFor(code);
    this.writer.begin('fence');
    this.writer.line(fence + language);
    this.writer.lines(code);
    this.writer.line(fence);
  }

  #heading(element: Element): void {
    if (this.#mode !== null) return this.#other(element);
    this.flush();
    for (const mark of this.marks) if (mark.awaitsHeading === true) mark.spent = false;
    const text = this.inlineOnly('heading', element.children);
    if (text === '') return;
    this.writer.begin('heading');
    this.writer.line(`${'#'.repeat(Number(element.name[1]))} ${escapeHeadingEnd(text)}`);
  }

  #quote(element: Element): void {
    this.boundary();
    if (this.#mode !== null) {
      this.children(element.children);
      return this.boundary();
    }
    const { writer } = this;
    const outerTight = writer.tight;
    const before = writer.previous;
    writer.begin('quote');
    const container = writer.open('> ', '> ');
    writer.tight = false;
    this.children(element.children);
    this.flush();
    writer.tight = outerTight;
    if (container !== null && !writer.close(container)) writer.restore(before);
  }

  #rule(): void {
    this.boundary();
    if (this.#mode !== null) return;
    this.writer.begin('rule');
    this.writer.line(this.writer.atMarker ? '___' : '---');
  }

  #checkbox(element: Element): void {
    if (element.attribs['type']?.toLowerCase() !== 'checkbox' || !this.inline.isEmpty) return;
    if (this.lists.inItem) this.writer.extendMarker(element.attribs['checked'] === undefined ? '[ ] ' : '[x] ');
  }

  #around(open: string, element: Element, close: string): void {
    this.inline.text(open, this.marks);
    this.children(element.children);
    this.inline.text(close, this.marks);
  }

  #rubyText(element: Element): void {
    const hasParentheses = isElement(element.prev) && element.prev.name === 'rp';
    if (hasParentheses) this.children(element.children);
    else this.#around('(', element, ')');
  }

  #player(element: Element): void {
    const markdown = player(element, this.base);
    if (markdown === '') return;
    this.boundary();
    this.inline.verbatim(markdown, this.marks);
    this.boundary();
  }
}
