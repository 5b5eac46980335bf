import type { Container } from '../signals/blocks.ts';
import { MARKS } from '../signals/marks.ts';
import type { Page } from '../signals/page.ts';
import { isSuggestion } from './suggestions.ts';

const numbersOf = (marks: string): Set<number> =>
  new Set(marks.split(' ').map((mark) => MARKS.indexOf(mark)));

const COMMENT = numbersOf('comment');
/** A page with this many words of content outside of its comments does not consist of comments. */
const MIN_CONTENT = 100;
const COMMENT_FACTOR = 1 / 10;

/** What stands in these is seldom part of a text, however much it reads like one. */
const BESIDE = numbersOf('<footer> <dialog> @dialog related');
/** What holds more than this share of a page is the page, whatever its name. */
const MOST = 1 / 2;
const BESIDE_FACTOR = 1 / 3;
const SUGGESTION_FACTOR = 1 / 10;

/** Factors of the odds that a block is content. */
const ARTICLE_ODDS = 3 / 4;
const DOCUMENTATION_ODDS = 5 / 4;

/** Whether the container, or one around it with at most `words` words, bears one of the marks. */
function isWithin(container: Container, marks: Set<number>, words: number): boolean {
  for (let at: Container | null = container; at !== null && at.words <= words; at = at.parent)
    if (at.marks.some((mark) => marks.has(mark))) return true;
  return false;
}

/**
 * The comments under a text read like the posts of a forum, and are no part of the text. On pages
 * where people talk, and where they review what is sold, the forest decides.
 */
function doubtComments(page: Page, probabilities: Float64Array): void {
  if (page.kinds.has('talk') || page.kinds.has('type.product')) return;
  const inside = page.blocks.map(({ container }) => isWithin(container, COMMENT, Infinity));
  let content = 0;
  for (const [i, { words }] of page.blocks.entries()) if (!inside[i]) content += words * probabilities[i]!;
  if (content < MIN_CONTENT) return;
  for (const [i, is] of inside.entries()) if (is) probabilities[i]! *= COMMENT_FACTOR;
}

function doubtBeside(page: Page, probabilities: Float64Array): void {
  const most = page.root.words * MOST;
  for (const [i, { container }] of page.blocks.entries())
    if (isWithin(container, BESIDE, most)) probabilities[i]! *= BESIDE_FACTOR;
}

/** Where people talk, such a line is what one of them says to another. */
function doubtSuggestions(page: Page, probabilities: Float64Array): void {
  if (page.kinds.has('talk')) return;
  for (const [i, block] of page.blocks.entries())
    if (isSuggestion(block)) probabilities[i]! *= SUGGESTION_FACTOR;
}

/**
 * Weighs what the forest is unsure of by the kind of page: beside an article it is mostly clutter,
 * in documentation mostly content.
 */
function weighByKind({ kinds }: Page, probabilities: Float64Array): void {
  const article = kinds.has('type.article') ? ARTICLE_ODDS : 1;
  const factor = article * (kinds.has('path.docs') ? DOCUMENTATION_ODDS : 1);
  for (const [i, p] of probabilities.entries()) probabilities[i] = (p * factor) / (p * factor + 1 - p);
}

/**
 * Corrects the probabilities by what the page says of itself: lowers that of what stands beside or
 * below its content, and that of what is uncertain beside an article.
 */
export function doubt(page: Page, probabilities: Float64Array): void {
  weighByKind(page, probabilities);
  doubtComments(page, probabilities);
  doubtBeside(page, probabilities);
  doubtSuggestions(page, probabilities);
}
