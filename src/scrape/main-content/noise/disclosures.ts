import { type ChildNode, type Document, type Element, isText, type ParentNode } from 'domhandler';
import { eachElement, isElement } from '../../dom/index.ts';
import { NOT_TEXT } from '../../dom/elements.ts';
import { textOf } from '../../metadata/structured-data.ts';

const TITLES = new Set(['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'dt', 'summary']);
const SITE = new Set(['nav', 'header', 'footer', 'form', 'aside']);
/** Buttons of menus say less than this. */
const QUESTION_WORDS = 3;
/** How many nodes of a title are looked at. */
const MAX_NODES = 50;

/** What a reader unfolds with a click on its title. */
export interface Disclosures {
  /**
   * The buttons that are all there is of a heading or term, and so its text, and those that stand
   * for one.
   */
  buttons: ReadonlySet<Element>;
  /** The ids of what such buttons show and hide. */
  panels: ReadonlySet<string>;
}

/** What leads elsewhere is a link, whatever role it plays. */
function isButton({ name, attribs }: Element): boolean {
  const leads = name === 'a' && !(attribs['href'] ?? '#').startsWith('#');
  return !leads && (name === 'button' || attribs['role'] === 'button');
}

/** Whether a button unfolds a menu, or anything else of the site rather than of the page. */
function isOfSite({ attribs, parent }: Element): boolean {
  let at: ParentNode | null = parent;
  while (isElement(at) && !SITE.has(at.name) && at.attribs['role'] !== 'navigation') at = at.parent;
  return isElement(at) || attribs['aria-haspopup'] !== undefined;
}

function wordsOf(element: Element): number {
  return textOf(element, 300).split(/\s+/).filter(Boolean).length;
}

/**
 * The button in which all the words of a title are, or null where there are words outside of it.
 */
function soleButton(title: Element): Element | null {
  let button: Element | null = null;
  const stack: ChildNode[] = [...title.children];
  for (let left = MAX_NODES, node = stack.pop(); node !== undefined; left--, node = stack.pop()) {
    if (left === 0) return null;
    if (isText(node)) {
      if (/[\p{L}\p{N}]/u.test(node.data)) return null;
    } else if (!isElement(node) || NOT_TEXT.has(node.name)) continue;
    else if (!isButton(node)) stack.push(...node.children.slice(0, MAX_NODES));
    else if (button === null) button = node;
    else return null;
  }
  return button;
}

/**
 * Whether a button outside of menus and forms is what a reader asks rather than the name of an
 * action.
 */
function isQuestion(element: Element): boolean {
  const { attribs } = element;
  if (!isButton(element) || attribs['aria-expanded'] === undefined || attribs['aria-controls'] === undefined)
    return false;
  return wordsOf(element) >= QUESTION_WORDS && !isOfSite(element);
}

/** Finds the titles of accordions, lists of questions and the like. */
export function disclosuresOf(document: Document): Disclosures {
  const buttons = new Set<Element>();
  const panels = new Set<string>();
  eachElement(document.children, (element) => {
    const button = TITLES.has(element.name) ? soleButton(element) : element;
    if (button === null || (button === element && !isQuestion(button))) return;
    buttons.add(button);
    if (isOfSite(button)) return;
    for (const id of (button.attribs['aria-controls'] ?? '').split(/\s+/)) if (id !== '') panels.add(id);
  });
  return { buttons, panels };
}
