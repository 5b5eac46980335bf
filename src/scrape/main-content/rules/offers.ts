import type { Container } from '../signals/blocks.ts';
import type { Page } from '../signals/page.ts';
import { withOddsTimes } from './odds.ts';

/** An offer stands beside at least so many like itself, and names a price, or the old one too. */
const MIN_ALIKE = 8;
const MAX_PRICES = 4;
/** With fewer words, or a smaller share of the page, offers stand beside its content. */
const MIN_WORDS = 80;
const MIN_SHARE = 1 / 10;
/**
 * Factor of the odds that offers are content. Of the annotated lists of goods some keep the offers
 * and some only the text around them: the forest expects fewer offers than people take.
 */
const ODDS = 3;

const isOffer = ({ repeated, prices }: Container): boolean =>
  repeated >= MIN_ALIKE && prices > 0 && prices <= MAX_PRICES;

/** Beside one product, offers are of others. */
function isOfOneProduct({ kinds }: Page): boolean {
  return kinds.has('type.product') && !kinds.has('type.collection') && !kinds.has('path.collection');
}

/** For each block whether it is part of an offer. */
function offered({ blocks, root, containers }: Page): boolean[] {
  const within = new Map<Container, boolean>();
  // A container comes after the ones around it.
  for (const container of [root, ...containers.values()]) {
    const around = container.parent !== null && within.get(container.parent)!;
    within.set(container, around || isOffer(container));
  }
  return blocks.map(({ container }) => within.get(container)!);
}

/** Raises the probabilities of the goods on a page that lists them: a reader came for these. */
export function raiseOffers(page: Page, probabilities: Float64Array): void {
  if (page.root.prices < MIN_ALIKE || isOfOneProduct(page)) return;
  const is = offered(page);
  const words = page.blocks.reduce((sum, block, i) => sum + (is[i] ? block.words : 0), 0);
  if (words < Math.max(MIN_WORDS, page.root.words * MIN_SHARE)) return;
  for (const [i, p] of probabilities.entries()) if (is[i]) probabilities[i] = withOddsTimes(ODDS, p);
}
