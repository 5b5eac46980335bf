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

interface Node extends Sums {
  rows: Int32Array;
  branch: { signal: number; bin: number; gain: number } | null;
  children: [Node, Node] | null;
}

/**
 * Fits a sum of small trees to labels by gradient boosting on the logistic loss. Branches are drawn as in extremely randomised trees: of some
 * signals one random threshold each, of which the best is taken. Trees come in the form that `Forest` reads; the first is the bias.
 */
export class Booster {
  readonly #examples: Examples;
  readonly #settings: Settings;
  readonly #random: () => number;
  readonly #gradient: Float64Array;
  readonly #hessian: Float64Array;

  constructor(examples: Examples, settings: Settings, seed: number) {
    this.#examples = examples;
    this.#settings = settings;
    this.#random = randomSource(seed);
    this.#gradient = new Float64Array(examples.labels.length);
    this.#hessian = new Float64Array(examples.labels.length);
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
    const root = this.#node(Int32Array.from(rows));
    const leaves = [root];
    while (leaves.length < this.#settings.leaves) {
      const best = leaves.reduce((a, b) => ((b.branch?.gain ?? 0) > (a.branch?.gain ?? 0) ? b : a));
      if (best.branch === null) break;
      best.children = this.#divide(best.rows, best.branch);
      leaves.splice(leaves.indexOf(best), 1, ...best.children);
    }
    for (let i = 0; i < odds.length; i++) odds[i] = odds[i]! + this.#valueOf(this.#leafOf(root, i));
    return this.#write(root);
  }

  #node(rows: Int32Array): Node {
    const node: Node = { rows, gradient: 0, hessian: 0, branch: null, children: null };
    for (const row of rows) {
      node.gradient += this.#gradient[row]!;
      node.hessian += this.#hessian[row]!;
    }
    for (let signal = 0; signal < this.#examples.bins.length; signal++) {
      if (this.#random() >= this.#settings.signalShare) continue;
      const branch = this.#tryRandom(node, signal);
      if (branch !== null && branch.gain > (node.branch?.gain ?? 1e-9)) node.branch = branch;
    }
    return node;
  }

  #tryRandom(node: Node, signal: number): Node['branch'] {
    const bins = this.#examples.bins[signal]!;
    const { minExamples, minHessian } = this.#settings;
    if (node.rows.length < 2 * minExamples) return null;
    let least = 255;
    let greatest = 0;
    for (const row of node.rows) {
      const bin = bins[row]!;
      if (bin < least) least = bin;
      if (bin > greatest) greatest = bin;
    }
    if (least === greatest) return null;
    const threshold = least + Math.floor(this.#random() * (greatest - least));
    const low: Sums = { gradient: 0, hessian: 0 };
    let count = 0;
    for (const row of node.rows) {
      if (bins[row]! > threshold) continue;
      low.gradient += this.#gradient[row]!;
      low.hessian += this.#hessian[row]!;
      count++;
    }
    const high: Sums = { gradient: node.gradient - low.gradient, hessian: node.hessian - low.hessian };
    if (count < minExamples || node.rows.length - count < minExamples) return null;
    if (low.hessian < minHessian || high.hessian < minHessian) return null;
    return { signal, bin: threshold, gain: this.#worth(low) + this.#worth(high) - this.#worth(node) };
  }

  #worth({ gradient, hessian }: Sums): number {
    return gradient ** 2 / (hessian + this.#settings.l2);
  }

  #valueOf({ gradient, hessian }: Sums): number {
    return (-gradient / (hessian + this.#settings.l2)) * this.#settings.rate;
  }

  #divide(rows: Int32Array, { signal, bin }: NonNullable<Node['branch']>): [Node, Node] {
    const bins = this.#examples.bins[signal]!;
    return [
      this.#node(rows.filter((row) => bins[row]! <= bin)),
      this.#node(rows.filter((row) => bins[row]! > bin)),
    ];
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
