import { BLOCK_ELEMENTS } from '../elements.ts';
import { HOLDS_HTML } from './foreign.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Elements out of which an end tag does not reach ("has an element in scope", 13.2.4.2). */
export const SCOPES = words('applet caption html table td th marquee object template').union(HOLDS_HTML);
/** Tables and their parts: their end tags reach out of each other, and out of no table around. */
const TABLE_PARTS = words('table caption colgroup tbody thead tfoot tr td th');
const TABLE_SCOPES = words('html table template');
/**
 * Roots of SVG and MathML, and what holds HTML in them: their end tags leave all that is open in
 * them.
 */
const FOREIGN = words('svg math').union(HOLDS_HTML);
const LISTS = words('ul ol');
const SPECIAL = words('applet button marquee object select template');

/** Elements that only the end tags of blocks close from outside ("special", 13.2.4.2). */
export function isSpecial(name: string): boolean {
  return BLOCK_ELEMENTS.has(name) || SPECIAL.has(name);
}

function stops(name: string, open: string): boolean {
  if (name === 'template' || FOREIGN.has(name)) return false;
  if (TABLE_PARTS.has(name)) return TABLE_SCOPES.has(open);
  if (!isSpecial(name)) return isSpecial(open);
  return SCOPES.has(open) || (name === 'li' && LISTS.has(open)) || (name === 'p' && open === 'button');
}

/**
 * Whether the end tag of `name` ends an open element. Where a cell, or a block around words, stands
 * between the two, it ends nothing, as in browsers. `open` begins with the innermost element.
 */
export function reaches(name: string, open: readonly string[]): boolean {
  for (const element of open) {
    if (element === name) return true;
    if (stops(name, element)) return false;
  }
  return false;
}
