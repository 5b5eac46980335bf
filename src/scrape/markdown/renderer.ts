import type { ChildNode, Element } from 'domhandler';
import { isElement, isText, MAX_DEPTH, visibleText } from '../dom/index.ts';
import { followsBox, headingLevel, isBlock, NOT_TEXT } from '../dom/elements.ts';
import { emojiOf } from '../dom/emoji.ts';
import { formulaOf } from '../dom/math/formula.ts';
import { codeLanguage, codeText, isEditor } from '../dom/preformatted.ts';
import { linesOf } from '../long-text/lines.ts';
import { renderAnchor } from './anchors.ts';
import { renderFence, renderHeading, renderQuote, renderRule } from './blocks.ts';
import { escapeDefinition, escapeLine } from './inline/escape.ts';
import { Footnotes } from './footnotes.ts';
import { InlineBuffer, SEPARATORS, type InlineMode } from './inline/buffer.ts';
import { Lists } from './lists.ts';
import {
  DELETED,
  EMPHASIS,
  marksOfStyle,
  STRONG,
  SUBSCRIPT,
  SUPERSCRIPT,
  type Mark,
  type Marks,
} from './inline/marks.ts';
import { image, player } from './media.ts';
import {
  renderBetween,
  renderBreak,
  renderCheckbox,
  renderCode,
  renderFormula,
  renderReference,
  renderRubyText,
} from './inline/phrasing.ts';
import { splitTex } from './inline/tex.ts';
import { renderTable } from './tables.ts';
import type { MarkdownVisitor } from './visitor.ts';
import { BlockWriter } from './writer.ts';

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

/**
 * Walks the tree once: inline content gathers in a buffer, which every block boundary writes out.
 */
export class MarkdownRenderer implements MarkdownVisitor {
  readonly base: string;
  readonly writer = new BlockWriter();
  readonly inline = new InlineBuffer();
  readonly footnotes: Footnotes;
  readonly #lists: Lists;
  marks: Marks = NO_MARKS;
  #mode: InlineMode | null = null;
  #depth = 0;

  constructor(base: string, roots: ChildNode[]) {
    this.base = base;
    this.footnotes = new Footnotes(roots);
    this.#lists = new Lists(this);
  }

  get mode(): InlineMode | null {
    return this.#mode;
  }

  get inListItem(): boolean {
    return this.#lists.inItem;
  }

  children(nodes: ChildNode[]): void {
    this.#depth++;
    for (const node of nodes) this.visit(node);
    this.#depth--;
  }

  visit(node: ChildNode): void {
    if (isText(node)) this.#text(node.data);
    else if (this.#depth > MAX_DEPTH) this.inline.text(visibleText(node), this.marks);
    else if (isElement(node)) this.#element(node);
    else if ('children' in node) this.children(node.children);
  }

  boundary(): void {
    if (this.#mode === null) this.flush();
    else if (!this.inline.endsWithBreak) this.inline.lineBreak(SEPARATORS[this.#mode], this.marks);
  }

  flush(): void {
    if (this.inline.isEmpty) return;
    const text = escapeDefinition(this.inline.take());
    if (text === '') return;
    this.writer.begin('paragraph');
    let isFirst = true;
    for (const line of linesOf(text)) {
      this.writer.line(escapeLine(line, isFirst));
      isFirst = false;
    }
  }

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

  #element(element: Element): void {
    const { name } = element;
    if (name === 'math' || name === 'img' || element.attribs['class'] !== undefined) {
      const formula = formulaOf(element);
      if (formula === 'shown') return;
      if (formula !== null) return renderFormula(this, formula);
    }
    const mark = MARKS[name];
    if (mark !== undefined && Object.hasOwn(MARKS, name)) return this.#marked(element, mark);
    switch (name) {
      case 'a':
        return renderAnchor(this, element);
      case 'br':
        return renderBreak(this);
      case 'img':
        return this.#image(element);
      case 'code':
      case 'kbd':
      case 'samp':
      case 'tt':
        return renderCode(this, element);
      case 'pre':
      case 'listing':
      case 'xmp':
        return renderFence(this, codeText(element), codeLanguage(element));
      case 'ul':
      case 'ol':
      case 'menu':
      case 'dir':
        return this.#lists.list(element);
      case 'li':
        return this.#lists.orphan(element);
      case 'dl':
        return this.#lists.definitions(element);
      case 'blockquote':
        return renderQuote(this, element);
      case 'table':
        return renderTable(this, element);
      case 'hr':
        return renderRule(this);
      case 'input':
        return renderCheckbox(this, element);
      case 'summary':
        this.boundary();
        this.withMark(STRONG, element.children);
        return this.boundary();
      case 'q':
        return renderBetween(this, '"', element, '"');
      case 'rt':
        return renderRubyText(this, element);
      case 'iframe':
      case 'video':
      case 'audio':
        return this.#standAlone(player(element, this.base));
      default:
        return this.#other(element);
    }
  }

  #text(source: string): void {
    const data = this.footnotes.withoutNumber(source);
    if (!/[$\\]/.test(data)) return this.inline.text(data, this.marks);
    for (const { text, formula } of splitTex(data)) {
      if (formula === null) this.inline.text(text, this.marks);
      else renderFormula(this, formula);
    }
  }

  #image(element: Element): void {
    const emoji = emojiOf(element);
    if (emoji === null) this.inline.verbatim(image(element, this.base), this.marks);
    else this.inline.text(emoji, this.marks);
  }

  #standAlone(markdown: string): void {
    this.boundary();
    this.inline.verbatim(markdown, this.marks);
    this.boundary();
  }

  #other(element: Element): void {
    if (NOT_TEXT.has(element.name)) return;
    if (isEditor(element)) return renderFence(this, codeText(element), codeLanguage(element));
    const level = headingLevel(element);
    if (level > 0) return renderHeading(this, element, level);
    if (followsBox(element)) this.inline.text(' ', this.marks);
    if (!isBlock(element)) return this.#inline(element);
    this.boundary();
    const note = this.#mode === null ? this.footnotes.labelOf(element) : null;
    if (note !== null) return this.#lists.note(element.children, note);
    this.children(element.children);
    this.boundary();
  }

  #inline({ attribs, children }: Element): void {
    const outer = this.marks;
    const styled = attribs['style'] === undefined ? [] : marksOfStyle(attribs['style']);
    // A heading is bold as it is.
    const added = styled.filter(
      (mark) => !outer.includes(mark) && (mark !== STRONG || this.#mode !== 'heading'),
    );
    if (added.length > 0) this.marks = [...outer, ...added];
    this.children(children);
    this.marks = outer;
  }

  #marked(element: Element, mark: Mark): void {
    if (element.name === 'sup' && renderReference(this, element)) return;
    const style = element.attribs['style'];
    const unset =
      style !== undefined && /font-(?:weight\s*:\s*(?:normal|400)|style\s*:\s*normal)/.test(style);
    if (unset) this.children(element.children);
    else this.withMark(mark, element.children);
  }
}
