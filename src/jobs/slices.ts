import type { Slice } from '../database/queue.ts';

/**
 * Pages in one entry of the queue: enough to make its cost small, few enough that a lost one
 * repeats little.
 */
export const SLICE_PAGES = 25;

interface Place {
  ordinal: number;
  /** Host and port. */
  host: string;
}

/**
 * Divides pages into slices, in the order of each slice's first page. The pages of one host go
 * together as far as they fill slices, so that a host that is slow holds up its own slices and no
 * others; what is left over shares some.
 */
export function divideIntoSlices(pages: Place[]): Pick<Slice, 'ordinals' | 'host'>[] {
  const slices: Place[][] = [];
  const leftOver: Place[] = [];
  for (const ofHost of Map.groupBy(pages, (page) => page.host).values()) {
    const full = ofHost.length - (ofHost.length % SLICE_PAGES);
    slices.push(...chunks(ofHost.slice(0, full)));
    leftOver.push(...ofHost.slice(full));
  }
  slices.push(...chunks(leftOver.toSorted((a, b) => a.ordinal - b.ordinal)));
  return slices
    .toSorted((a, b) => a[0]!.ordinal - b[0]!.ordinal)
    .map((slice) => {
      const { host } = slice[0]!;
      const ordinals = slice.map((page) => page.ordinal);
      return slice.every((page) => page.host === host) ? { ordinals, host } : { ordinals };
    });
}

function chunks(pages: Place[]): Place[][] {
  const count = Math.ceil(pages.length / SLICE_PAGES);
  return Array.from({ length: count }, (_, i) => pages.slice(i * SLICE_PAGES, (i + 1) * SLICE_PAGES));
}
