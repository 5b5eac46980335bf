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

/** The weights and odds of many blocks: as objects they would take four times as much memory. */
interface Sums {
  weights: Float64Array;
  odds: Float64Array;
}

const newSums = (length: number): Sums => ({
  weights: new Float64Array(length),
  odds: new Float64Array(length),
});

function put({ weights, odds }: Sums, index: number, sum: Omit<Sum, 'blocks'>): void {
  weights[index] = sum.weight;
  odds[index] = sum.odds;
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
  readonly #own: Sums;
  /** The sums of all blocks before each block, and of all. */
  readonly #before: Sums;
  readonly #inside = new Map<Container, Sum>();
  readonly #levels = new Map<Container, Sum[]>();

  /** `values`: one of each block. `containers`: those of the blocks, from the outermost inwards. */
  constructor(blocks: Block[], values: ArrayLike<number>, containers: Container[]) {
    this.#blocks = blocks;
    this.#own = newSums(blocks.length);
    this.#before = newSums(blocks.length + 1);
    const before = { weight: 0, odds: 0 };
    for (const [i, block] of blocks.entries()) {
      const weight = Math.min(MAX_WEIGHT, Math.max(MIN_WEIGHT, block.words));
      const odds = weight * values[i]!;
      put(this.#own, i, { weight, odds });
      before.weight += weight;
      before.odds += odds;
      put(this.#before, i + 1, before);
      addTo(this.#inside, block.container, { blocks: 1, weight, odds });
    }
    for (const container of containers.toReversed()) {
      const sum = this.#inside.get(container);
      if (sum !== undefined && container.parent !== null) addTo(this.#inside, container.parent, sum);
    }
  }

  /** Of the blocks at most so many before and behind. */
  within(index: number, distance: number): number {
    const { weights, odds } = this.#before;
    const start = Math.max(0, index - distance);
    const end = Math.min(this.#blocks.length, index + distance + 1);
    return this.#others(index, { weight: weights[end]! - weights[start]!, odds: odds[end]! - odds[start]! });
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
    for (const [i, group] of groups.entries()) addTo(sums, group, this.#sumOf(i));
    return groups.map((group, i) => this.#others(i, sums.get(group)!));
  }

  #sumOf(index: number): Sum {
    return { blocks: 1, weight: this.#own.weights[index]!, odds: this.#own.odds[index]! };
  }

  #others(index: number, { weight, odds }: Pick<Sum, 'weight' | 'odds'>): number {
    const own = this.#sumOf(index);
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
