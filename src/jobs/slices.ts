import type { Slice } from '../database/queue.ts';

/**
 * The most pages of a slice: enough to keep the cost of an entry small, few enough that a lost
 * slice repeats little.
 */
export const SLICE_PAGES = 25;

/** The mark on the slices of a job that caps its fetches. */
export function limitMark({ max_concurrency }: { max_concurrency?: number | null }): Pick<Slice, 'capped'> {
  return max_concurrency == null ? {} : { capped: true };
}

interface Place {
  ordinal: number;
  /** Host and port. */
  host: string;
}

type Part = Pick<Slice, 'ordinals' | 'host'>;

/**
 * Divides pages into slices, in the order of each slice's first page. Pages of one host share
 * slices as long as they fill them, so that a slow host holds up its own slices only; the
 * remainders of all hosts share slices.
 */
export class SliceDivider {
  readonly #full: Part[] = [];
  /** The pages of each host that do not fill a slice. */
  readonly #rest = new Map<string, number[]>();

  add({ ordinal, host }: Place): void {
    const ordinals = this.#rest.get(host) ?? [];
    ordinals.push(ordinal);
    if (ordinals.length < SLICE_PAGES) {
      this.#rest.set(host, ordinals);
    } else {
      this.#full.push({ ordinals, host });
      this.#rest.delete(host);
    }
  }

  /** All slices. `hostOf` finds the host of a page by its ordinal. */
  finish(hostOf: (ordinal: number) => string): Part[] {
    const left = Int32Array.from(this.#rest.values().flatMap((ordinals) => ordinals)).toSorted();
    const shared: Part[] = [];
    for (let from = 0; from < left.length; from += SLICE_PAGES) {
      const ordinals = [...left.subarray(from, from + SLICE_PAGES)];
      const host = hostOf(ordinals[0]!);
      shared.push(ordinals.every((ordinal) => hostOf(ordinal) === host) ? { ordinals, host } : { ordinals });
    }
    return [...this.#full, ...shared].toSorted((a, b) => a.ordinals[0]! - b.ordinals[0]!);
  }
}

/** Divides a few thousand pages at most, in one go. */
export function divideIntoSlices(pages: Place[]): Part[] {
  const divider = new SliceDivider();
  const hosts = new Map<number, string>();
  for (const page of pages) {
    divider.add(page);
    hosts.set(page.ordinal, page.host);
  }
  return divider.finish((ordinal) => hosts.get(ordinal)!);
}
