import { type Element, isText, type ParentNode } from 'domhandler';
import { isElement } from '../../dom/index.ts';
import { tokensOf } from './words/tokens.ts';

const words = (list: string): Set<string> => new Set(list.split(' '));

/** Class words of remarks on the text. */
const NOTE = words('note notes tip hint important warning caution danger callout admonition');
/** Words that are said of remarks, and of other things as often. */
const VAGUE = words('info alert notice success error');
const TEXT = words('p pre ul ol dl table blockquote figure h2 h3 h4 h5 h6');
const HOLDERS = words('main article');

/** How many nodes of an aside are looked at for links. */
const MAX_NODES = 200;

/** How many texts may stand between two elements: removed comments leave them apart. */
const MAX_TEXTS = 10;

function neighbours({ prev, next }: Element): Element[] {
  let [before, after] = [prev, next];
  for (let i = 0; i < MAX_TEXTS && before !== null && !isElement(before); i++) before = before.prev;
  for (let i = 0; i < MAX_TEXTS && after !== null && !isElement(after); i++) after = after.next;
  return [before, after].filter((node) => isElement(node));
}

/** Whether an element is a sibling of paragraphs and the like in an article. */
function standsInText(element: Element): boolean {
  if (!neighbours(element).some(({ name }) => TEXT.has(name))) return false;
  let at: ParentNode | null = element.parent;
  while (isElement(at) && !HOLDERS.has(at.name)) at = at.parent;
  return isElement(at);
}

/** Whether most of the text is outside of links. */
function hasFewLinks(element: Element): boolean {
  let nodes = MAX_NODES;
  let balance = 0;
  const visit = (parent: ParentNode, sign: 1 | -1): void => {
    for (const child of parent.children) {
      if (nodes-- <= 0) return;
      if (isText(child)) balance += sign * child.data.trim().length;
      else if (isElement(child)) visit(child, child.name === 'a' ? -1 : sign);
    }
  };
  visit(element, 1);
  return nodes > 0 && balance > 0;
}

/**
 * Whether an `<aside>` or an element of role `alert` is a remark on the text around it, and so part
 * of it: by its class, or because it stands between the paragraphs of an article and does not list
 * links.
 */
export function isNote(element: Element): boolean {
  const { name, attribs } = element;
  if (name !== 'aside' && attribs['role'] !== 'alert') return false;
  const tokens = tokensOf(attribs['class'] ?? '');
  const says = (list: Set<string>): boolean => tokens.some((token) => list.has(token));
  if (name === 'aside' && (attribs['role'] === 'note' || says(NOTE))) return true;
  const named = attribs['id'] !== undefined || tokens.some((token) => token !== 'aside');
  return (!named || says(NOTE) || says(VAGUE)) && standsInText(element) && hasFewLinks(element);
}

/** Whether an element says whose words a quotation is. */
export function isAttribution({ name, parent }: Element): boolean {
  return name === 'footer' && isElement(parent) && parent.name === 'blockquote';
}

/** How far out of a part of a note the note is looked for. */
const PART_LEVELS = 3;

/** Whether an element is a part of a note, which may be named for the aside that it is in. */
export function isInNote(element: Element): boolean {
  let at: ParentNode | null = element.parent;
  for (let i = 0; i < PART_LEVELS && isElement(at); i++, at = at.parent) if (isNote(at)) return true;
  return false;
}
