import { BLOCK_ELEMENTS } from '../elements.ts';
import { SCOPES } from './end-tags.ts';

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
const PASSED = words('address div p');

const PARAGRAPH = words('p');
/** Blocks that may stand in a paragraph: parts of tables, and of forms. */
const IN_PARAGRAPH = words(
  'html body caption table tbody td tfoot th thead tr legend option optgroup frameset',
);

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
const inParagraph: Rule = { ends: PARAGRAPH, stops: (name) => SCOPES.has(name) || name === 'button' };

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

/** The outermost open element that a rule ends; null where it ends none. */
function endedBy(rule: Rule, open: readonly string[]): string | null {
  let outermost: string | null = null;
  for (let i = 0; i < open.length && i < MAX_LOOKED_AT; i++) {
    const element = open[i]!;
    if (rule.ends.has(element)) outermost = element;
    else if (rule.stops(element)) break;
  }
  return outermost;
}

/**
 * The outermost open element that the start tag of `name` ends though its own end tag is missing,
 * with all that is open in it (HTML Standard, section 13.2.6.4): a cell, a row, a section of a
 * table, an item of a list, a heading right before another one, or a paragraph before any other
 * block. `open` begins with the innermost element. Null where none is ended.
 */
export function closedBefore(name: string, open: readonly string[]): string | null {
  if (!BLOCK_ELEMENTS.has(name)) return null;
  if (HEADINGS.has(name)) {
    const paragraph = endedBy(inParagraph, open);
    const left = paragraph === null ? open[0] : open[open.indexOf(paragraph) + 1];
    return left !== undefined && HEADINGS.has(left) ? left : paragraph;
  }
  const rule = RULES.get(name);
  const ended = rule === undefined ? null : endedBy(rule, open);
  return ended ?? (IN_PARAGRAPH.has(name) ? null : endedBy(inParagraph, open));
}
