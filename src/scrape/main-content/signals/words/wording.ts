import type { Alike } from '../alike.ts';
import type { Block, Container } from '../blocks.ts';

/** A block counts by its words, between these: a long text says no more of its neighbours. */
const MIN_WEIGHT = 0.5;
const MAX_WEIGHT = 12;
/** How many elements around a block are looked at. */
export const WORDING_LEVELS = 5;

/** What is known of some blocks. */
interface Sum {
  blocks: number;
  weight: number;
  /** The blocks' values, each times its weight. */
  odds: number;
}

function addTo<K>(sums: Map<K, Sum>, key: K, { blocks, weight, odds }: Sum): void {
  const sum = sums.get(key);
  if (sum === undefined) sums.set(key, { blocks, weight, odds });
  else {
    sum.blocks += blocks;
    sum.weight += weight;
    sum.odds += odds;
  }
}

/**
 * The mean of a value, such as what their words say, over the blocks around a block, the block
 * itself left out. 0 where there are none.
 */
export class Wording {
  readonly #blocks: Block[];
  readonly #own: Sum[];
  /** The sums of all blocks before each block, and of all. */
  readonly #before: Sum[] = [{ blocks: 0, weight: 0, odds: 0 }];
  readonly #inside = new Map<Container, Sum>();
  readonly #levels = new Map<Container, Sum[]>();

  /** `values`: one of each block. `containers`: those of the blocks, from the outermost inwards. */
  constructor(blocks: Block[], values: ArrayLike<number>, containers: Container[]) {
    this.#blocks = blocks;
    this.#own = blocks.map(({ words: count }, i) => {
      const weight = Math.min(MAX_WEIGHT, Math.max(MIN_WEIGHT, count));
      return { blocks: 1, weight, odds: weight * values[i]! };
    });
    for (const [i, sum] of this.#own.entries()) {
      const { weight, odds } = this.#before.at(-1)!;
      this.#before.push({ blocks: i + 1, weight: weight + sum.weight, odds: odds + sum.odds });
      addTo(this.#inside, blocks[i]!.container, sum);
    }
    for (const container of containers.toReversed()) {
      const sum = this.#inside.get(container);
      if (sum !== undefined && container.parent !== null) addTo(this.#inside, container.parent, sum);
    }
  }

  /** Of the blocks at most so many before and behind. */
  within(index: number, distance: number): number {
    const start = this.#before[Math.max(0, index - distance)]!;
    const end = this.#before[Math.min(this.#own.length, index + distance + 1)]!;
    return this.#others(index, { weight: end.weight - start.weight, odds: end.odds - start.odds });
  }

  /** Of the blocks in an element around: at each level the next that holds more blocks. */
  around(index: number, level: number): number {
    const levels = this.#levelsOf(this.#blocks[index]!.container);
    const sum = levels[Math.min(level, levels.length - 1)];
    return sum === undefined ? 0 : this.#others(index, sum);
  }

  /** For each block that of the blocks in its group. */
  among(groups: Alike[]): number[] {
    const sums = new Map<Alike, Sum>();
    for (const [i, group] of groups.entries()) addTo(sums, group, this.#own[i]!);
    return groups.map((group, i) => this.#others(i, sums.get(group)!));
  }

  #others(index: number, { weight, odds }: Pick<Sum, 'weight' | 'odds'>): number {
    const own = this.#own[index]!;
    const rest = weight - own.weight;
    return rest < MIN_WEIGHT / 2 ? 0 : (odds - own.odds) / rest;
  }

  #levelsOf(container: Container): Sum[] {
    const known = this.#levels.get(container);
    if (known !== undefined) return known;
    const levels: Sum[] = [];
    let blocks = 1;
    for (
      let at: Container | null = container;
      at !== null && levels.length < WORDING_LEVELS;
      at = at.parent
    ) {
      const sum = this.#inside.get(at)!;
      if (sum.blocks <= blocks) continue;
      levels.push(sum);
      blocks = sum.blocks;
    }
    this.#levels.set(container, levels);
    return levels;
  }
}
