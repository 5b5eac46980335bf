import type { Element } from 'domhandler';
import { isElement, visibleText } from '../../dom/index.ts';
import type { Formula } from '../../dom/math.ts';
import { codeLanguage, codeText } from '../../dom/preformatted.ts';
import { renderFence } from '../blocks.ts';
import { SEPARATORS } from './inline.ts';
import type { MarkdownRenderer } from '../renderer.ts';

/** `<br>`: a hard line break, and the second in a row the end of the paragraph. */
export function renderBreak(renderer: MarkdownRenderer): void {
  const { inline, marks, mode } = renderer;
  if (mode !== null) inline.lineBreak(SEPARATORS[mode], marks);
  else if (inline.endsWithBreak) renderer.flush();
  else inline.lineBreak('\\\n', marks);
}

/** A code span; a block where line breaks in the element show that it is one. */
export function renderCode(renderer: MarkdownRenderer, element: Element): void {
  const { inline, marks } = renderer;
  const hasLines = element.children.some((child) => isElement(child) && child.name === 'br');
  if (hasLines && renderer.mode === null)
    return renderFence(renderer, codeText(element), codeLanguage(element));
  const text = visibleText(element);
  if (!text.includes('\n')) return inline.code(text, marks);
  const line = text.replace(/[ \t\r\n]+/g, ' ');
  if (/^\s/.test(line)) inline.text(' ', marks);
  inline.code(line.trim(), marks);
  if (/\s$/.test(line)) inline.text(' ', marks);
}

/** `$…$`, or `$$…$$` as a paragraph. The TeX is not escaped, but no `<` in it can begin a tag. */
export function renderFormula(renderer: MarkdownRenderer, { tex, display }: Formula): void {
  const safe = tex.replace(/<(?=[a-zA-Z/!?])/g, '< ');
  if (!display) return renderer.inline.verbatim(`$${safe}$`, renderer.marks);
  if (renderer.mode === null) renderer.flush();
  renderer.inline.verbatim(`$$${safe}$$`, renderer.marks);
  if (renderer.mode === null) renderer.flush();
}

/** A task list's check box, as part of the item's marker; others show nothing. */
export function renderCheckbox(renderer: MarkdownRenderer, { attribs }: Element): void {
  if (attribs['type']?.toLowerCase() !== 'checkbox' || !renderer.inline.isEmpty || !renderer.lists.inItem)
    return;
  renderer.writer.extendMarker(attribs['checked'] === undefined ? '[ ] ' : '[x] ');
}

export function renderBetween(
  renderer: MarkdownRenderer,
  open: string,
  element: Element,
  close: string,
): void {
  renderer.inline.text(open, renderer.marks);
  renderer.children(element.children);
  renderer.inline.text(close, renderer.marks);
}

/** The reading of a ruby base, in parentheses. */
export function renderRubyText(renderer: MarkdownRenderer, element: Element): void {
  const hasParentheses = isElement(element.prev) && element.prev.name === 'rp';
  if (hasParentheses) renderer.children(element.children);
  else renderBetween(renderer, '(', element, ')');
}
