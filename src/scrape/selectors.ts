import { load } from 'cheerio/slim';
import type { ChildNode, Document, Element } from 'domhandler';
import { removeElement } from 'domutils';
import { isElement } from './dom/index.ts';

const MAX_LENGTH = 256;
/**
 * Maximum number of steps that search from every element. Over 50,000 siblings one of them, as in
 * `q ~ p` or `:nth-child()`, takes up to 10 s; two of them, as in `p:has(~ q)`, take two minutes.
 */
const MAX_SEARCHES = 1;
const MAX_COMPOUNDS = 16;

const empty = load('<html><head></head><body></body></html>');

/**
 * Whether a CSS selector is valid and cheap to match: at most 256 characters and one `:has()`,
 * `:contains()` or `~`.
 */
export function isValidSelector(selector: string): boolean {
  if (selector.length > MAX_LENGTH || selector.trim() === '') return false;
  const bare = selector.replace(/"[^"]*"|'[^']*'/g, '""');
  const count = (pattern: RegExp): number => bare.match(pattern)?.length ?? 0;
  if (count(/:(?:has|i?contains|parent)\b|~(?!=)/gi) > MAX_SEARCHES) return false;
  if (count(/[\s>+~,(]+/g) > MAX_COMPOUNDS) return false;
  try {
    empty('*').is(selector);
    empty(selector);
    return true;
  } catch {
    return false;
  }
}

/** All elements that match any of the selectors. Throws on a selector with invalid syntax. */
function matches(document: Document, selectors: string[]): Set<Element> {
  const $ = load(document);
  const found = new Set<Element>();
  for (const selector of selectors)
    for (const node of $(selector).get()) if (isElement(node)) found.add(node);
  return found;
}

/** Removes every element that matches any of the selectors from the document. */
export function excludeMatching(document: Document, selectors: string[]): void {
  for (const element of matches(document, selectors)) removeElement(element);
}

/** The outermost elements that match any of the selectors, in document order. */
export function matchingSubtrees(document: Document, selectors: string[]): ChildNode[] {
  const wanted = matches(document, selectors);
  const subtrees: ChildNode[] = [];
  const stack: ChildNode[] = document.children.toReversed();
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (!isElement(node)) continue;
    if (wanted.has(node)) subtrees.push(node);
    else for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]!);
  }
  return subtrees;
}
