/** Examples by column: for each signal its values, cut into bins by quantiles. */
export interface Examples {
  bins: Uint8Array[];
  /** For each signal the greatest value of each bin but the last. */
  edges: number[][];
  labels: Uint8Array;
  weights: Float64Array;
}

export interface Settings {
  trees: number;
  leaves: number;
  rate: number;
  /** Share of the signals that are tried at a branch, and of the examples that a tree sees. */
  signalShare: number;
  exampleShare: number;
  minExamples: number;
  minHessian: number;
  l2: number;
}

const MAX_BINS = 64;

/** Cuts a column into at most MAX_BINS bins that hold about as many examples each. */
export function cut(values: Float32Array): { bins: Uint8Array; edges: number[] } {
  const sorted = values.toSorted();
  const edges: number[] = [];
  for (let i = 1; i < MAX_BINS; i++) {
    const edge = sorted[Math.floor((i * sorted.length) / MAX_BINS)]!;
    if (edge > (edges.at(-1) ?? -Infinity) && edge < sorted.at(-1)!) edges.push(edge);
  }
  const distinct = [...new Set(sorted)];
  const exact = distinct.length <= MAX_BINS ? distinct.slice(0, -1) : edges;
  const bins = Uint8Array.from(values, (value) => {
    let low = 0;
    let high = exact.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value <= exact[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  });
  return { bins, edges: exact };
}

/** A repeatable source of random numbers in [0, 1) (mulberry32). */
export function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Sums {
  gradient: number;
  hessian: number;
}

interface Branch {
  signal: number;
  bin: number;
  gain: number;
}

/** For each tried signal and bin the gradient, the hessian and the number of rows. */
type Histogram = Float64Array;
const ENTRY = 3;
const SIGNAL_ENTRIES = MAX_BINS * ENTRY;

interface Node extends Sums {
  rows: Int32Array;
  histogram: Histogram;
  branch: Branch | null;
  children: [Node, Node] | null;
}

/**
 * Fits a sum of small trees to labels by gradient boosting on the logistic loss. A tree tries
 * every threshold of a random share of the signals. Trees come in the form that `Forest` reads; the
 * first is the bias.
 */
export class Booster {
  readonly #examples: Examples;
  readonly #settings: Settings;
  readonly #random: () => number;
  readonly #gradient: Float64Array;
  readonly #hessian: Float64Array;
  /** The signals that the tree at hand may use. */
  #tried: number[] = [];
  /** For each signal how much its branches have gained. */
  readonly gains: Float64Array;

  constructor(examples: Examples, settings: Settings, seed: number) {
    this.#examples = examples;
    this.#settings = settings;
    this.#random = randomSource(seed);
    this.#gradient = new Float64Array(examples.labels.length);
    this.#hessian = new Float64Array(examples.labels.length);
    this.gains = new Float64Array(examples.bins.length);
  }

  fit(): number[][] {
    const { labels, weights } = this.#examples;
    let positive = 0;
    let total = 0;
    for (const [i, label] of labels.entries()) {
      positive += label * weights[i]!;
      total += weights[i]!;
    }
    const bias = Math.log(positive / (total - positive));
    const odds = new Float64Array(labels.length).fill(bias);
    const trees = [[-1, bias]];
    for (let i = 0; i < this.#settings.trees; i++) trees.push(this.#plant(odds));
    return trees.map((tree) => tree.map((n) => Number(n.toPrecision(5))));
  }

  #plant(odds: Float64Array): number[] {
    const { labels, weights } = this.#examples;
    const rows: number[] = [];
    for (let i = 0; i < odds.length; i++) {
      const p = 1 / (1 + Math.exp(-odds[i]!));
      this.#gradient[i] = weights[i]! * (p - labels[i]!);
      this.#hessian[i] = weights[i]! * p * (1 - p);
      if (this.#random() < this.#settings.exampleShare) rows.push(i);
    }
    this.#tried = [...this.#examples.bins.keys()].filter(() => this.#random() < this.#settings.signalShare);
    const all = Int32Array.from(rows);
    const root = this.#node(all, this.#histogramOf(all));
    const leaves = [root];
    while (leaves.length < this.#settings.leaves) {
      const best = leaves.reduce((a, b) => ((b.branch?.gain ?? 0) > (a.branch?.gain ?? 0) ? b : a));
      if (best.branch === null) break;
      this.gains[best.branch.signal]! += best.branch.gain;
      best.children = this.#divide(best, best.branch);
      leaves.splice(leaves.indexOf(best), 1, ...best.children);
    }
    for (let i = 0; i < odds.length; i++) odds[i] = odds[i]! + this.#valueOf(this.#leafOf(root, i));
    return this.#write(root);
  }

  #histogramOf(rows: Int32Array): Histogram {
    const histogram = new Float64Array(this.#tried.length * SIGNAL_ENTRIES);
    const gradients = this.#gradient;
    const hessians = this.#hessian;
    for (const [i, signal] of this.#tried.entries()) {
      const bins = this.#examples.bins[signal]!;
      for (const row of rows) {
        const at = i * SIGNAL_ENTRIES + bins[row]! * ENTRY;
        histogram[at]! += gradients[row]!;
        histogram[at + 1]! += hessians[row]!;
        histogram[at + 2]!++;
      }
    }
    return histogram;
  }

  #node(rows: Int32Array, histogram: Histogram): Node {
    let gradient = 0;
    let hessian = 0;
    for (const row of rows) {
      gradient += this.#gradient[row]!;
      hessian += this.#hessian[row]!;
    }
    const node: Node = { rows, histogram, gradient, hessian, branch: null, children: null };
    if (rows.length < 2 * this.#settings.minExamples) return node;
    for (let i = 0; i < this.#tried.length; i++) {
      const branch = this.#bestBranch(node, i);
      if (branch !== null && branch.gain > (node.branch?.gain ?? 1e-9)) node.branch = branch;
    }
    return node;
  }

  /** The best threshold of the tried signal of this index: every bin's upper edge is tried. */
  #bestBranch(node: Node, index: number): Branch | null {
    const signal = this.#tried[index]!;
    const { rows, histogram } = node;
    const { minExamples, minHessian } = this.#settings;
    const low: Sums = { gradient: 0, hessian: 0 };
    let count = 0;
    let best: Branch | null = null;
    const worth = this.#worth(node);
    for (let bin = 0; bin < this.#examples.edges[signal]!.length; bin++) {
      const at = index * SIGNAL_ENTRIES + bin * ENTRY;
      if (histogram[at + 2] === 0) continue;
      low.gradient += histogram[at]!;
      low.hessian += histogram[at + 1]!;
      count += histogram[at + 2]!;
      const high: Sums = { gradient: node.gradient - low.gradient, hessian: node.hessian - low.hessian };
      if (count < minExamples || rows.length - count < minExamples) continue;
      if (low.hessian < minHessian || high.hessian < minHessian) continue;
      const gain = this.#worth(low) + this.#worth(high) - worth;
      if (gain > (best?.gain ?? 0)) best = { signal, bin, gain };
    }
    return best;
  }

  #worth({ gradient, hessian }: Sums): number {
    return gradient ** 2 / (hessian + this.#settings.l2);
  }

  #valueOf({ gradient, hessian }: Sums): number {
    return (-gradient / (hessian + this.#settings.l2)) * this.#settings.rate;
  }

  /** Counts the rows of the smaller half; the other half is the rest. */
  #divide(node: Node, { signal, bin }: Branch): [Node, Node] {
    const bins = this.#examples.bins[signal]!;
    const low = node.rows.filter((row) => bins[row]! <= bin);
    const high = node.rows.filter((row) => bins[row]! > bin);
    const counted = this.#histogramOf(low.length < high.length ? low : high);
    const rest = node.histogram.map((value, i) => value - counted[i]!);
    return low.length < high.length
      ? [this.#node(low, counted), this.#node(high, rest)]
      : [this.#node(low, rest), this.#node(high, counted)];
  }

  #leafOf(root: Node, row: number): Node {
    let node = root;
    while (node.children !== null) {
      const { signal, bin } = node.branch!;
      node = node.children[this.#examples.bins[signal]![row]! <= bin ? 0 : 1];
    }
    return node;
  }

  #write(node: Node): number[] {
    if (node.children === null) return [-1, this.#valueOf(node)];
    const { signal, bin } = node.branch!;
    const [low, high] = node.children;
    return [signal, this.#examples.edges[signal]![bin]!, ...this.#write(low), ...this.#write(high)];
  }
}
