import { type ChildNode, type Element, isText } from 'domhandler';
import type { Disclosures } from './disclosures.ts';
import { isElement } from '../../dom/index.ts';
import { tokensOf } from '../signals/words/tokens.ts';

const words = (list: string): Set<string> => new Set(list.split(' '));
/** Class words of what a reader unfolds with a click: accordions, tabs, answers to questions. */
const FOLDED = words(
  'accordion faq faqs answer tabpanel tab tabs collapse collapsible collapsed toggle expand ' +
    'expandable expanded expander details readmore',
);

/** Class words of what lies over the page, or opens beside it. */
const OVERLAY = words(
  'modal modals popup dialog overlay lightbox drawer offcanvas flyout tooltip popover dropdown ' +
    'backdrop menu nav navigation cookie consent search sidebar',
);
/** What is hidden from screen readers and says less is an icon, or a label said twice. */
const MIN_CHARS = 60;
/** How many nodes of it are looked at. */
const MAX_NODES = 100;

/** Whether the first nodes of an element hold so much text. */
function saysEnough(element: Element): boolean {
  const stack: ChildNode[] = [element];
  let chars = 0;
  for (let left = MAX_NODES; left > 0 && stack.length > 0 && chars < MIN_CHARS; left--) {
    const node = stack.pop()!;
    if (isText(node)) chars += node.data.trim().length;
    else if (isElement(node))
      for (const child of node.children.slice(0, left).toReversed()) stack.push(child);
  }
  return chars >= MIN_CHARS;
}

/** Whether an element is hidden from screen readers alone, and says something. */
function isUnspoken(element: Element): boolean {
  const { attribs } = element;
  const role = attribs['role'];
  if (role === 'dialog' || role === 'menu' || role === 'navigation' || element.name === 'nav') return false;
  if (tokensOf(`${attribs['class'] ?? ''} ${attribs['id'] ?? ''}`).some((token) => OVERLAY.has(token)))
    return false;
  return saysEnough(element);
}

/** Whether a click, or the end of loading, shows an element that is hidden at first. */
function isUnfolded({ attribs }: Element, { panels }: Disclosures): boolean {
  const role = attribs['role'];
  if (role === 'tabpanel' || /^S:[\da-f]+$/.test(attribs['id'] ?? '')) return true;
  if (role === 'dialog' || role === 'menu' || role === 'navigation') return false;
  if (panels.has(attribs['id'] ?? '') || (role === 'region' && attribs['aria-labelledby'] !== undefined))
    return true;
  return tokensOf(`${attribs['class'] ?? ''} ${attribs['id'] ?? ''}`).some((token) => FOLDED.has(token));
}

/**
 * Whether CSS in the element's own style, or one of its attributes, hides it from every reader.
 * `aria-hidden` alone hides nothing from those who see: icons and what lies over the page bear it,
 * and so do the slides of a gallery and links that are there twice.
 */
export function isHidden(element: Element, disclosures: Disclosures): boolean {
  const { name, attribs } = element;
  if (name === 'html' || name === 'body') return false;
  const unspoken = attribs['aria-hidden'] === 'true' && name !== 'math' && name !== 'img';
  const hidden =
    (attribs['hidden'] !== undefined && attribs['hidden'] !== 'until-found') ||
    /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test((attribs['style'] ?? '').slice(0, 2000));
  if (hidden) return !isUnfolded(element, disclosures);
  return unspoken && !isUnspoken(element) && !isUnfolded(element, disclosures);
}
