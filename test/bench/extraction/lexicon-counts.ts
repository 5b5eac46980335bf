import type { Lexicon, LexiconData } from '../../../src/scrape/main-content/signals/lexicon.ts';

/** A word or name of fewer pages than this says nothing, nor does one of weaker log odds. */
const MIN_PAGES = 6;
const MIN_ODDS = 0.3;
/** Pages that speak for the average before any of a word's or name's own are counted. */
const WORD_PRIOR = 4;
const NAME_PRIOR = 2;

/** How much of what bears a word or name is content, and how much is not. */
interface Count {
  content: number;
  clutter: number;
  pages: number;
}

/** The counts of one page, by word and by name. */
export interface PageCounts {
  words: Map<string, Count>;
  names: Map<string, Count>;
}

type Counts = Map<string, Count>;

function addAll(to: Counts, from: Counts): void {
  for (const [key, { content, clutter, pages }] of from) {
    const sum = to.get(key);
    if (sum === undefined) to.set(key, { content, clutter, pages });
    else {
      sum.content += content;
      sum.clutter += clutter;
      sum.pages += pages;
    }
  }
}

function oddsOf(content: number, clutter: number, average: number, prior: number): number {
  const odds = (content + prior * average) / (clutter + prior * (1 - average));
  return Math.log(odds) - Math.log(average / (1 - average));
}

class OddsTable {
  readonly #counts: Counts = new Map();
  readonly #prior: number;
  #average = 0.5;

  constructor(pages: Counts[], prior: number) {
    this.#prior = prior;
    for (const page of pages) addAll(this.#counts, page);
    let [content, all] = [0, 0];
    for (const count of this.#counts.values()) {
      content += count.content;
      all += count.content + count.clutter;
    }
    if (all > 0) this.#average = content / all;
  }

  odds(key: string, without?: Counts): number {
    const count = this.#counts.get(key);
    if (count === undefined) return 0;
    const left = without?.get(key);
    if (count.pages - (left?.pages ?? 0) < MIN_PAGES) return 0;
    const content = Math.max(0, count.content - (left?.content ?? 0));
    const clutter = Math.max(0, count.clutter - (left?.clutter ?? 0));
    const odds = oddsOf(content, clutter, this.#average, this.#prior);
    return Math.abs(odds) < MIN_ODDS ? 0 : odds;
  }

  data(): Record<string, number> {
    const entries = [...this.#counts.keys()].map((key): [string, number] => [key, this.odds(key)]);
    const kept = entries.filter(([, odds]) => odds !== 0).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(kept.map(([key, odds]) => [key, Number(odds.toFixed(2))]));
  }
}

/** Learns a lexicon from counted pages. */
export class LexiconCounts {
  readonly #words: OddsTable;
  readonly #names: OddsTable;

  constructor(pages: PageCounts[]) {
    this.#words = new OddsTable(
      pages.map(({ words }) => words),
      WORD_PRIOR,
    );
    this.#names = new OddsTable(
      pages.map(({ names }) => names),
      NAME_PRIOR,
    );
  }

  /**
   * What the lexicon would be without some of its pages: those of a site that is to be judged as if
   * unseen.
   */
  without(pages: PageCounts[]): Lexicon {
    const words: Counts = new Map();
    const names: Counts = new Map();
    for (const page of pages) {
      addAll(words, page.words);
      addAll(names, page.names);
    }
    return {
      word: (word) => this.#words.odds(word, words),
      name: (name) => this.#names.odds(name, names),
    };
  }

  data(): LexiconData {
    return { words: this.#words.data(), names: this.#names.data() };
  }
}
