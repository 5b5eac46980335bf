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

/**
 * Judges contexts by a forest: the log odds that a block is content are the sum of what the trees
 * say.
 */
export class Forest {
  readonly #measures: ((context: ExtractionContext) => number)[];
  readonly #values: Float64Array;
  /**
   * Where each tree begins, and the nodes of all trees: their signal, their threshold or value, and
   * where the branch above it begins.
   */
  readonly #roots: Int32Array;
  readonly #signal: Int32Array;
  readonly #threshold: Float64Array;
  readonly #above: Int32Array;

  constructor(data: ForestData) {
    this.#measures = data.signals.map((name) => {
      const measure = SIGNALS[name];
      if (measure === undefined) throw new Error(`the forest knows a signal that is not measured: ${name}`);
      return measure;
    });
    this.#values = new Float64Array(data.signals.length);
    const nodes = data.trees.flat();
    this.#signal = Int32Array.from({ length: nodes.length / 2 }, (_, i) => nodes[2 * i]!);
    this.#threshold = Float64Array.from({ length: nodes.length / 2 }, (_, i) => nodes[2 * i + 1]!);
    this.#above = new Int32Array(nodes.length / 2);
    let end = 0;
    this.#roots = Int32Array.from(data.trees, (tree) => {
      const root = end;
      this.#link(root);
      end += tree.length / 2;
      return root;
    });
  }

  /**
   * Notes in the subtree that begins at `node` where the branches above begin; returns where it
   * ends.
   */
  #link(node: number): number {
    if (this.#signal[node]! < 0) return node + 1;
    this.#above[node] = this.#link(node + 1);
    return this.#link(this.#above[node]);
  }

  /** The probability that the block of the context is content. */
  probability(context: ExtractionContext): number {
    const measures = this.#measures;
    const values = this.#values;
    const signals = this.#signal;
    const thresholds = this.#threshold;
    const above = this.#above;
    for (let i = 0; i < measures.length; i++) values[i] = measures[i]!(context);
    let odds = 0;
    for (const root of this.#roots) {
      let node = root;
      for (let signal = signals[node]!; signal >= 0; signal = signals[node]!) {
        node = values[signal]! <= thresholds[node]! ? node + 1 : above[node]!;
      }
      odds += thresholds[node]!;
    }
    return 1 / (1 + Math.exp(-odds));
  }
}
