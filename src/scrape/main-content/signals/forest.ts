import type { ExtractionContext } from './block-context.ts';
import { SIGNALS } from './signals.ts';

/**
 * A sum of decision trees. A tree is a flat list in preorder: a branch is the number of its signal
 * and its threshold, followed by the branch taken up to the threshold and the one taken above it; a
 * leaf is -1 and its value. Fitted by test/bench/fit-main-content.ts to pages of the Web Content
 * Extraction Benchmark (WCXB, by Murrough Foley, CC-BY-4.0), of trafilatura and of readability
 * (Apache-2.0). The model holds none of the pages.
 */
export interface ForestData {
  signals: string[];
  trees: number[][];
}

/** A branch of a tree. */
interface Branch {
  tree: number;
  threshold: number;
  /**
   * The leaves that a signal above the threshold does not reach: a bit for each, from the first on.
   */
  below: number;
}

/** The leaves of a tree are the bits of a number. */
const MAX_LEAVES = 32;

/**
 * Judges contexts by a forest: the log odds that a block is content are the sum of what the trees
 * say. The branches of all trees are kept by signal, in the order of their thresholds. Those below
 * the signal's value put leaves of their trees out of reach; a tree says what its first leaf in
 * reach does. So no tree is walked, whose next step no processor guesses: a fifth less time
 * (QuickScorer; Lucchese and others, SIGIR 2015).
 */
export class Forest {
  readonly #measures: ((context: ExtractionContext) => number)[];
  /**
   * Where the branches of each signal begin, and of each branch its threshold, its tree, and the
   * leaves that it leaves in reach.
   */
  readonly #branches: Int32Array;
  readonly #thresholds: Float64Array;
  readonly #trees: Int32Array;
  readonly #kept: Int32Array;
  /** The leaves of all trees, and where those of each tree begin. */
  readonly #leaves: Float64Array;
  readonly #firstLeaf: Int32Array;
  /** The leaves of each tree that are in reach. */
  readonly #reach: Int32Array;

  constructor({ signals, trees }: ForestData) {
    this.#measures = signals.map((name) => {
      const measure = SIGNALS[name];
      if (measure === undefined) throw new Error(`the forest knows a signal that is not measured: ${name}`);
      return measure;
    });
    const bySignal = signals.map((): Branch[] => []);
    const leaves = trees.map((nodes, tree) => readTree(nodes, tree, bySignal));
    const branches = bySignal.flatMap((all) => all.toSorted((a, b) => a.threshold - b.threshold));
    this.#branches = offsetsOf(bySignal);
    this.#thresholds = Float64Array.from(branches, ({ threshold }) => threshold);
    this.#trees = Int32Array.from(branches, ({ tree }) => tree);
    this.#kept = Int32Array.from(branches, ({ below }) => ~below);
    this.#leaves = Float64Array.from(leaves.flat());
    this.#firstLeaf = offsetsOf(leaves);
    this.#reach = new Int32Array(trees.length);
  }

  /** The probability that the block of the context is content. */
  probability(context: ExtractionContext): number {
    const measures = this.#measures;
    const branches = this.#branches;
    const thresholds = this.#thresholds;
    const trees = this.#trees;
    const kept = this.#kept;
    const reach = this.#reach.fill(-1);
    let at = 0;
    for (let signal = 0; signal < measures.length; signal++) {
      const value = measures[signal]!(context);
      const end = branches[signal + 1]!;
      for (; at < end && !(value <= thresholds[at]!); at++) reach[trees[at]!]! &= kept[at]!;
      at = end;
    }
    const leaves = this.#leaves;
    const first = this.#firstLeaf;
    let odds = 0;
    for (let tree = 0; tree < reach.length; tree++) {
      const inReach = reach[tree]!;
      odds += leaves[first[tree]! + 31 - Math.clz32(inReach & -inReach)]!;
    }
    return 1 / (1 + Math.exp(-odds));
  }
}

/** Where each list begins when they follow each other, and where the last one ends. */
function offsetsOf(lists: readonly (readonly unknown[])[]): Int32Array {
  const offsets = new Int32Array(lists.length + 1);
  for (const [i, { length }] of lists.entries()) offsets[i + 1] = offsets[i]! + length;
  return offsets;
}

/** The leaves of a tree in their order. Adds its branches to those of their signals. */
function readTree(nodes: readonly number[], tree: number, bySignal: Branch[][]): number[] {
  const leaves: number[] = [];
  /** Reads the subtree that begins at a node; returns where it ends. */
  const read = (at: number): number => {
    const [signal, value] = [nodes[at]!, nodes[at + 1]!];
    if (signal < 0) {
      leaves.push(value);
      return at + 2;
    }
    const first = leaves.length;
    const above = read(at + 2);
    const below = 2 ** leaves.length - 2 ** first;
    bySignal[signal]!.push({ tree, threshold: value, below });
    return read(above);
  };
  read(0);
  if (leaves.length > MAX_LEAVES) throw new Error(`a tree has more than ${MAX_LEAVES} leaves`);
  return leaves;
}
