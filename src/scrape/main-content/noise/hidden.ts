import type { Element } from 'domhandler';
import type { Disclosures } from './disclosures.ts';
import { tokensOf } from '../signals/tokens.ts';

const words = (list: string): Set<string> => new Set(list.split(' '));
/** Class words of what a reader unfolds with a click: accordions, tabs, answers to questions. */
const FOLDED = words(
  'accordion faq faqs answer tabpanel tab tabs collapse collapsible collapsed toggle expand expandable expanded details readmore',
);

/** Whether a click, or the end of loading, shows an element that is hidden at first. */
function isUnfolded({ attribs }: Element, { panels }: Disclosures): boolean {
  const role = attribs['role'];
  if (role === 'tabpanel' || /^S:[\da-f]+$/.test(attribs['id'] ?? '')) return true;
  if (role === 'dialog' || role === 'menu' || role === 'navigation') return false;
  if (panels.has(attribs['id'] ?? '') || (role === 'region' && attribs['aria-labelledby'] !== undefined))
    return true;
  return tokensOf(`${attribs['class'] ?? ''} ${attribs['id'] ?? ''}`).some((token) => FOLDED.has(token));
}

/** Whether CSS in the element's own style, or one of its attributes, hides it from every reader. */
export function isHidden(element: Element, disclosures: Disclosures): boolean {
  const { name, attribs } = element;
  if (name === 'html' || name === 'body') return false;
  const hidden =
    (attribs['hidden'] !== undefined && attribs['hidden'] !== 'until-found') ||
    (attribs['aria-hidden'] === 'true' && name !== 'math' && name !== 'img') ||
    /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)/i.test((attribs['style'] ?? '').slice(0, 2000));
  return hidden && !isUnfolded(element, disclosures);
}
