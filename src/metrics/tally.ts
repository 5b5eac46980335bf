import { histogram, type Sample } from './text.ts';

/** What ended, counted by labels and duration. */
export interface EndedRow {
  /** The bin of the histogram that the duration falls into. */
  bin: number;
  ended: number;
  /** The sum of the durations. */
  seconds: number;
}

/** A running count. Rows with the same labels and bin are merged. */
export class Tally<Row extends EndedRow & Record<Count, number>, Count extends string = never> {
  readonly #labels: (keyof Row)[];
  readonly #counts: (Count | 'ended' | 'seconds')[];
  readonly #rows = new Map<string, Row>();

  /** `labels` identify a row. `counts` are added up, as are `ended` and `seconds`. */
  constructor(labels: (keyof Row)[], counts: Count[] = []) {
    this.#labels = [...labels, 'bin'];
    this.#counts = [...counts, 'ended', 'seconds'];
  }

  get rows(): Row[] {
    return [...this.#rows.values()];
  }

  add(rows: Row[]): void {
    for (const row of rows) {
      const key = this.#labels.map((name) => String(row[name])).join(' ');
      const known: Record<Count | 'ended' | 'seconds', number> | undefined = this.#rows.get(key);
      if (known) for (const name of this.#counts) known[name] += row[name];
      else this.#rows.set(key, row);
    }
  }
}

/**
 * Turns rows with the same labels into the samples of a histogram, with one bin above the last
 * edge.
 */
export function histogramOf(labels: Sample['labels'], edges: number[], rows: EndedRow[]): Sample[] {
  const bins = Array.from({ length: edges.length + 1 }, (_, n) =>
    sum(rows, ({ bin, ended }) => (bin === n ? ended : 0)),
  );
  return histogram(
    labels,
    [...edges, Infinity],
    bins,
    sum(rows, ({ seconds }) => seconds),
  );
}

export function sum<T>(items: T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
