import { Element } from 'domhandler';
import { isElement, visibleText } from '../../dom/index.ts';
import type { Formula } from '../../dom/math/formula.ts';
import { codeLanguage, codeText, plainSpaces } from '../../dom/preformatted.ts';
import { collapse, inPieces } from '../../long-text/in-pieces.ts';
import { renderFence } from '../blocks.ts';
import { SEPARATORS } from './buffer.ts';
import type { MarkdownVisitor } from '../visitor.ts';

/** Renders `<br>` as a hard line break; the second in a row ends the paragraph. */
export function renderBreak(visitor: MarkdownVisitor): void {
  const { inline, marks, mode } = visitor;
  if (mode !== null) inline.lineBreak(SEPARATORS[mode], marks);
  else if (inline.endsWithBreak) visitor.flush();
  else inline.lineBreak('\\\n', marks);
}

/** Renders a code span, or a code block where the element contains line breaks. */
export function renderCode(visitor: MarkdownVisitor, element: Element): void {
  const { inline, marks } = visitor;
  const link = onlyLink(element);
  // A code span holds no link, but a link may hold a code span.
  if (link !== null)
    return visitor.visit(new Element('a', link.attribs, [new Element(element.name, {}, link.children)]));
  const hasLines = element.children.some((child) => isElement(child) && child.name === 'br');
  if (hasLines && visitor.mode === null)
    return renderFence(visitor, codeText(element), codeLanguage(element));
  const text = plainSpaces(visibleText(element));
  if (!text.includes('\n')) return inline.code(text, marks);
  const line = collapse(text, /[ \t\r\n]+/g);
  if (/^\s/.test(line)) inline.text(' ', marks);
  inline.code(line.trim(), marks);
  if (/\s$/.test(line)) inline.text(' ', marks);
}

function onlyLink({ children: [child, ...others] }: Element): Element | null {
  const isLink = isElement(child) && child.name === 'a' && child.attribs['href'] !== undefined;
  return isLink && others.length === 0 ? child : null;
}

/** `$…$`, or `$$…$$` as a paragraph. The TeX is not escaped, but no `<` in it can begin a tag. */
export function renderFormula(visitor: MarkdownVisitor, { tex, display }: Formula): void {
  const safe = inPieces(tex, (piece) => piece.replace(/<(?=[a-zA-Z/!?]|$)/g, '< '));
  if (!display) return visitor.inline.verbatim(`$${safe}$`, visitor.marks);
  if (visitor.mode === null) visitor.flush();
  visitor.inline.verbatim(`$$${safe}$$`, visitor.marks);
  if (visitor.mode === null) visitor.flush();
}

/** A task list's check box, as part of the item's marker; others show nothing. */
export function renderCheckbox(visitor: MarkdownVisitor, { attribs }: Element): void {
  if (attribs['type']?.toLowerCase() !== 'checkbox' || !visitor.inline.isEmpty || !visitor.inListItem) return;
  visitor.writer.extendMarker(attribs['checked'] === undefined ? '[ ] ' : '[x] ');
}

export function renderBetween(visitor: MarkdownVisitor, open: string, element: Element, close: string): void {
  visitor.inline.text(open, visitor.marks);
  visitor.children(element.children);
  visitor.inline.text(close, visitor.marks);
}

/** The reading of a ruby base, in parentheses. */
export function renderRubyText(visitor: MarkdownVisitor, element: Element): void {
  const hasParentheses = isElement(element.prev) && element.prev.name === 'rp';
  if (hasParentheses) visitor.children(element.children);
  else renderBetween(visitor, '(', element, ')');
}

/** Writes a reference to a footnote. Returns false where `element` does not refer to one. */
export function renderReference(visitor: MarkdownVisitor, element: Element): boolean {
  const label = visitor.footnotes.reference(element);
  if (label === null) return false;
  visitor.inline.verbatim(`[^${label}]`, visitor.marks);
  return true;
}
