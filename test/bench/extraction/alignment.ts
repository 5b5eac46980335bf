import { wordsOf } from './scores.ts';

/**
 * Words that must agree in a row before a place in the page is taken for a place in the expected
 * text.
 */
const SEED = 3;
const MAX_CANDIDATES = 300;
const LONG_RUN = 40;
/**
 * Lines of fewer words than this are also looked for as whole blocks, since a short run of words
 * proves little.
 */
const SHORT_LINE = 5;

function pushTo<K>(map: Map<K, number[]>, key: K, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** Finds which words of a page make up an expected text; each word of the page is used once. */
class Alignment {
  readonly #page: string[];
  readonly #expected: string[];
  readonly #used: Uint8Array;
  readonly #found: Uint8Array;

  constructor(page: string[], expected: string[]) {
    this.#page = page;
    this.#expected = expected;
    this.#used = new Uint8Array(page.length);
    this.#found = new Uint8Array(expected.length);
  }

  #runLength(at: number, from: number): number {
    let n = 0;
    while (
      from + n < this.#expected.length &&
      this.#page[at + n] === this.#expected[from + n] &&
      this.#used[at + n] === 0
    ) {
      n++;
    }
    return n;
  }

  /**
   * Takes run after run of the expected text, each where the page has most of it, near to the run
   * before.
   */
  takeRuns(): void {
    const seeds = new Map<string, number[]>();
    for (let i = 0; i + SEED <= this.#page.length; i++)
      pushTo(seeds, this.#page.slice(i, i + SEED).join(' '), i);
    let last = 0;
    for (let from = 0; from + SEED <= this.#expected.length;) {
      let best = { at: -1, length: 0, score: -Infinity };
      const candidates = seeds.get(this.#expected.slice(from, from + SEED).join(' ')) ?? [];
      for (const at of candidates.slice(0, MAX_CANDIDATES)) {
        const length = this.#runLength(at, from);
        if (length < SEED) continue;
        const distance = at >= last ? at - last : (last - at) * 2;
        const score = Math.min(length, LONG_RUN) * 20 - Math.min(distance, 4000) / 8;
        if (score > best.score) best = { at, length, score };
      }
      if (best.at < 0) from++;
      else {
        this.#take(best.at, from, best.length);
        last = best.at + best.length;
        from += best.length;
      }
    }
  }

  #take(at: number, from: number, length: number): void {
    this.#used.fill(1, at, at + length);
    this.#found.fill(1, from, from + length);
  }

  /**
   * Takes a short line as the block that says just that, beside what is taken already where there
   * is a choice.
   */
  takeLine(from: number, length: number, starts: number[]): void {
    if (this.#found.subarray(from, from + length).includes(1)) return;
    const place = from / this.#expected.length;
    let best = { at: -1, cost: Infinity };
    for (const at of starts) {
      if (this.#used[at] === 1) continue;
      const apart = (this.#used[at - 1] === 1 ? 0 : 1) + (this.#used[at + length] === 1 ? 0 : 1);
      const cost = apart + Math.abs(at / this.#page.length - place);
      if (cost < best.cost) best = { at, cost };
    }
    if (best.at >= 0) this.#take(best.at, from, length);
  }

  share(start: number, end: number): number {
    let used = 0;
    for (let i = start; i < end; i++) used += this.#used[i]!;
    return end === start ? 0 : used / (end - start);
  }
}

/** For each block of a page the share of its words that are in the expected text. */
export function shareExpected(blocks: string[], text: string): number[] {
  const words = blocks.map(wordsOf);
  const lines = text.split('\n').map(wordsOf);
  const alignment = new Alignment(words.flat(), lines.flat());
  alignment.takeRuns();

  let start = 0;
  const starts = new Map<string, number[]>();
  const spans = words.map((block) => {
    if (block.length < SHORT_LINE) pushTo(starts, block.join(' '), start);
    return { start, end: (start += block.length) };
  });
  let from = 0;
  for (const line of lines) {
    if (line.length > 0 && line.length < SHORT_LINE)
      alignment.takeLine(from, line.length, starts.get(line.join(' ')) ?? []);
    from += line.length;
  }
  return spans.map((span) => alignment.share(span.start, span.end));
}
