import { type Block, type Container, isProse } from './blocks.ts';

const MONEY = /[$€£¥₹] ?\d|\d ?[$€£¥₹]/;

/** Whether a text names a price. */
export const namesPrice = (text: string): boolean => MONEY.test(text);

/**
 * Counts, for every element, the prices in it and the headings that are links: what the cards of
 * shops and of lists of stories bear. `levels`: of each block that of the heading that it is.
 */
export function countCards(blocks: Block[], levels: number[], containers: Container[]): void {
  for (const [i, { container, text, linked, words }] of blocks.entries()) {
    if (namesPrice(text)) container.prices++;
    if (levels[i]! > 0 && linked > words / 2) container.titles++;
  }
  // From the inside out: a container comes after the ones around it.
  for (const { parent, prices, titles } of containers.toReversed()) {
    if (parent === null) continue;
    parent.prices += prices;
    parent.titles += titles;
  }
}

/** A card stands beside at least so many like itself, and has a title or two and few words. */
const MIN_ALIKE = 4;
const MAX_TITLES = 2;
const MAX_WORDS = 150;

function isCard({ repeated, titles, words }: Container): boolean {
  return repeated >= MIN_ALIKE && titles > 0 && titles <= MAX_TITLES && words <= MAX_WORDS;
}

/** With fewer words of running text outside of its cards a page is made of them. */
const MIN_TEXT = 150;

/**
 * For each block whether it is running text of the page's own, and counts its words in the elements
 * around. The teasers on cards read like running text, and lead to other pages; they count only
 * where there is little else. `containers`: from the outermost inwards.
 */
export function ownTextOf(blocks: Block[], containers: Container[]): boolean[] {
  const onCard = new Map<Container, boolean>();
  for (const container of containers) {
    const around = container.parent !== null && onCard.get(container.parent)!;
    onCard.set(container, around || isCard(container));
  }
  const prose = blocks.map(isProse);
  const own = blocks.map(({ container }, i) => prose[i]! && !onCard.get(container)!);
  const words = blocks.reduce((sum, block, i) => sum + (own[i] ? block.words : 0), 0);
  const counted = words >= MIN_TEXT ? own : prose;
  for (const [i, { container, words: count }] of blocks.entries()) if (counted[i]) container.text += count;
  for (const { parent, text } of containers.toReversed()) if (parent !== null) parent.text += text;
  return counted;
}
