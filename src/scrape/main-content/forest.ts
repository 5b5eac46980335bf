import type { Scene } from './scene.ts';
import { SIGNALS } from './signals.ts';

/**
 * A sum of decision trees. A tree is a flat list in preorder: a branch is the number of its signal and its threshold, followed by
 * the branch taken up to the threshold and the one taken above it; a leaf is -1 and its value. Made by test/bench/fit-main-content.ts from
 * pages of the Web Content Extraction Benchmark (WCXB, by Murrough Foley, CC-BY-4.0), none of which it holds.
 */
export interface ForestData {
  signals: string[];
  trees: number[][];
}

/** Judges scenes by a forest: the log odds that a block is content are the sum of what the trees say. */
export class Forest {
  readonly #measures: ((scene: Scene) => number)[];
  readonly #values: Float64Array;
  readonly #roots: number[] = [];
  readonly #signal: number[] = [];
  readonly #threshold: number[] = [];
  readonly #above: number[] = [];

  constructor(data: ForestData) {
    this.#measures = data.signals.map((name) => {
      const measure = SIGNALS[name];
      if (measure === undefined) throw new Error(`the forest knows a signal that is not measured: ${name}`);
      return measure;
    });
    this.#values = new Float64Array(data.signals.length);
    for (const tree of data.trees) {
      this.#roots.push(this.#signal.length);
      this.#plant(tree, 0);
    }
  }

  /** Adds the subtree that begins at `at`; returns where it ends. */
  #plant(tree: number[], at: number): number {
    const node = this.#signal.length;
    this.#signal.push(tree[at]!);
    this.#threshold.push(tree[at + 1]!);
    this.#above.push(0);
    if (tree[at]! < 0) return at + 2;
    const second = this.#plant(tree, at + 2);
    this.#above[node] = this.#signal.length;
    return this.#plant(tree, second);
  }

  /** The probability that the block of the scene is content. */
  probability(scene: Scene): number {
    for (const [i, measure] of this.#measures.entries()) this.#values[i] = measure(scene);
    let odds = 0;
    for (const root of this.#roots) {
      let node = root;
      for (let signal = this.#signal[node]!; signal >= 0; signal = this.#signal[node]!) {
        node = this.#values[signal]! <= this.#threshold[node]! ? node + 1 : this.#above[node]!;
      }
      odds += this.#threshold[node]!;
    }
    return 1 / (1 + Math.exp(-odds));
  }
}
