import { BLOCK_ELEMENTS } from '../elements.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

const HEADINGS = words('h1 h2 h3 h4 h5 h6');
const CELLS = words('td th');
const ROWS = words('td th tr caption colgroup');
const SECTIONS = words('td th tr caption colgroup thead tbody tfoot');
const ITEM = words('li');
const TERMS = words('dd dt');
/** What a start tag within a table reaches no further than. */
const TABLE = words('table template svg math object applet marquee');
/** Blocks across which an item of a list ends the one before it. */
const PASSED = words('address div p li dd dt');

/** How many open elements are looked at: each start tag costs so much. */
const MAX_LOOKED_AT = 64;

/** What the start tag of an element ends, and where the search for it stops. */
interface Rule {
  ends: ReadonlySet<string>;
  stops: (name: string) => boolean;
}

const inTable = (ends: ReadonlySet<string>): Rule => ({ ends, stops: (name) => TABLE.has(name) });
const inList = (ends: ReadonlySet<string>): Rule => ({
  ends,
  stops: (name) => TABLE.has(name) || name === 'button' || (BLOCK_ELEMENTS.has(name) && !PASSED.has(name)),
});

const RULES: ReadonlyMap<string, Rule> = new Map([
  ['td', inTable(CELLS)],
  ['th', inTable(CELLS)],
  ['tr', inTable(ROWS)],
  ['thead', inTable(SECTIONS)],
  ['tbody', inTable(SECTIONS)],
  ['tfoot', inTable(SECTIONS)],
  ['li', inList(ITEM)],
  ['dd', inList(TERMS)],
  ['dt', inList(TERMS)],
]);

/**
 * The outermost open element that the start tag of `name` ends though its own end tag is missing,
 * with all that is open in it (HTML Standard, section 13.2.6.4): a cell, a row, a section of a
 * table, an item of a list, or a heading right before another one. `open` begins with the innermost
 * element. Null where none is ended.
 */
export function closedBefore(name: string, open: readonly string[]): string | null {
  if (HEADINGS.has(name)) return open[0] !== undefined && HEADINGS.has(open[0]) ? open[0] : null;
  const rule = RULES.get(name);
  if (rule === undefined) return null;
  let outermost: string | null = null;
  for (let i = 0; i < open.length && i < MAX_LOOKED_AT; i++) {
    const element = open[i]!;
    if (rule.ends.has(element)) outermost = element;
    else if (rule.stops(element)) break;
  }
  return outermost;
}
