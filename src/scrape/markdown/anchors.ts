import type { Element } from 'domhandler';
import { eachElement, textContent } from '../dom/index.ts';
import { headingLevel } from '../dom/elements.ts';
import { withoutInvisible } from '../dom/invisible.ts';
import { resolveUrl } from '../formats/links.ts';
import { destination, title } from './inline/escape.ts';
import type { Mark } from './inline/marks.ts';
import { renderReference } from './inline/phrasing.ts';
import type { MarkdownVisitor } from './visitor.ts';

function containsHeading(element: Element): boolean {
  let found = false;
  eachElement(element.children, (inside) => (found ||= headingLevel(inside) > 0));
  return found;
}

/** True for the sign beside a heading that links to the heading itself. */
function isPermalink(element: Element): boolean {
  return (
    element.attribs['href']?.startsWith('#') === true &&
    /^[#¶§🔗\s]*$/u.test(withoutInvisible(textContent(element)))
  );
}

function linkMark(visitor: MarkdownVisitor, element: Element, href: string): Mark {
  const close = `](${destination(href)}${title(element.attribs['title'])})`;
  const isOuter = !visitor.marks.some((mark) => mark.href !== undefined);
  const awaitsHeading = isOuter && visitor.mode === null && containsHeading(element);
  return { open: '[', close, delimiter: undefined, href, spent: awaitsHeading, awaitsHeading };
}

/**
 * Renders `<a>`. A Markdown link stands within one block. A link around several blocks is therefore
 * written once: on its first heading or, without one, on its first block. Repeating its address in
 * every block would make the output grow faster than the input. A link without text shows its
 * `aria-label`.
 */
export function renderAnchor(visitor: MarkdownVisitor, element: Element): void {
  const { inline, marks, footnotes } = visitor;
  if (footnotes.isBackReference(element) || renderReference(visitor, element)) return;
  if (visitor.mode === 'heading' && isPermalink(element)) return;
  const href =
    element.attribs['href'] === undefined ? null : resolveUrl(element.attribs['href'], visitor.base);
  if (href === null) return visitor.children(element.children);
  const taken = inline.takenCount;
  const { size } = inline;
  visitor.marks = [...marks.filter((mark) => mark.href === undefined), linkMark(visitor, element, href)];
  visitor.children(element.children);
  if (inline.size === size && inline.takenCount === taken)
    inline.text(element.attribs['aria-label'] ?? '', visitor.marks);
  visitor.marks = marks;
}
