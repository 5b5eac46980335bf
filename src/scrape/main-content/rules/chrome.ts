import type { Container } from '../signals/blocks.ts';
import { MARKS } from '../signals/marks.ts';
import type { Page } from '../signals/page.ts';

const numbersOf = (marks: string): Set<number> =>
  new Set(marks.split(' ').map((mark) => MARKS.indexOf(mark)));

/** Elements and roles that say of themselves that they belong to the site. */
const DECLARED = numbersOf(
  '<nav> <footer> <aside> <dialog> <button> @navigation @banner @contentinfo @complementary @search ' +
    '@dialog @menu @alert',
);
/** What class names and ids say by convention. */
const NAMED = numbersOf(
  'navigation breadcrumb footer sidebar social subscribe consent overlay advert related legal search account',
);
const HEADER = MARKS.indexOf('<header>');
const HOLDERS = numbersOf('<main> <article> <section>');

/** What holds more than this share of a page is the page, whatever its name. */
const MOST = 1 / 2;

/** Whether an element around says plainly that a block belongs to the site and not to the page. */
export function isChrome(container: Container, page: Page): boolean {
  let header = false;
  for (let at: Container | null = container; at !== null; at = at.parent) {
    if (at.words <= page.root.words * MOST) {
      if (at.marks.some((mark) => DECLARED.has(mark) || NAMED.has(mark))) return true;
      if (at.marks.includes(HEADER)) header = true;
    }
    if (at.marks.some((mark) => HOLDERS.has(mark))) header = false;
  }
  return header;
}
