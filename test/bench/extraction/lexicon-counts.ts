import type { Lexicon, LexiconData } from '../../../src/scrape/main-content/signals/words/lexicon.ts';

/** How much of what bears a word or name is content, and how much is not. */
interface Count {
  content: number;
  clutter: number;
  sites: number;
}

export type Counts = Map<string, Count>;

/** The kinds of terms that a lexicon knows. */
type Kind = keyof LexiconData;

/** The counts of one page, or of one site, by kind and term. */
export type PageCounts = Record<Kind, Counts>;

interface Rules {
  /** Sites that speak for the average before any of a term's own are counted. */
  prior: number;
  /** A term of fewer sites than this says nothing, nor does one of weaker log odds. */
  minSites: number;
  minOdds: number;
}

const RULES: Record<Kind, Rules> = {
  words: { prior: 4, minSites: 6, minOdds: 0.3 },
  names: { prior: 2, minSites: 6, minOdds: 0.3 },
  headings: { prior: 2, minSites: 5, minOdds: 0.4 },
};

/** A record with one value for each kind. */
export function ofEachKind<T>(make: (kind: Kind) => T): Record<Kind, T> {
  return {
    words: make('words'),
    names: make('names'),
    headings: make('headings'),
  };
}

/** The counts of a site: the mean over those of its pages that have a term. */
function siteCounts(pages: Counts[]): Counts {
  const sums: Counts = new Map();
  const having = new Map<string, number>();
  for (const page of pages) addAll(sums, page);
  for (const page of pages) for (const key of page.keys()) having.set(key, (having.get(key) ?? 0) + 1);
  for (const [key, sum] of sums) {
    const count = having.get(key)!;
    sums.set(key, { content: sum.content / count, clutter: sum.clutter / count, sites: 1 });
  }
  return sums;
}

function addAll(to: Counts, from: Counts): void {
  for (const [key, { content, clutter, sites }] of from) {
    const sum = to.get(key);
    if (sum === undefined) to.set(key, { content, clutter, sites });
    else {
      sum.content += content;
      sum.clutter += clutter;
      sum.sites += sites;
    }
  }
}

function oddsOf(content: number, clutter: number, average: number, prior: number): number {
  const odds = (content + prior * average) / (clutter + prior * (1 - average));
  return Math.log(odds) - Math.log(average / (1 - average));
}

class OddsTable {
  readonly #counts: Counts = new Map();
  readonly #rules: Rules;
  #average = 0.5;

  constructor(sites: Counts[], rules: Rules) {
    this.#rules = rules;
    for (const site of sites) addAll(this.#counts, site);
    let [content, all] = [0, 0];
    for (const count of this.#counts.values()) {
      content += count.content;
      all += count.content + count.clutter;
    }
    if (all > 0) this.#average = content / all;
  }

  odds(key: string, without?: Counts): number {
    const { prior, minSites, minOdds } = this.#rules;
    const count = this.#counts.get(key);
    if (count === undefined) return 0;
    const left = without?.get(key);
    if (count.sites - (left?.sites ?? 0) < minSites) return 0;
    const content = Math.max(0, count.content - (left?.content ?? 0));
    const clutter = Math.max(0, count.clutter - (left?.clutter ?? 0));
    const odds = oddsOf(content, clutter, this.#average, prior);
    return Math.abs(odds) < minOdds ? 0 : odds;
  }

  data(): Record<string, number> {
    const entries = [...this.#counts.keys()].map((key): [string, number] => [key, this.odds(key)]);
    const kept = entries.filter(([, odds]) => odds !== 0).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(kept.map(([key, odds]) => [key, Number(odds.toFixed(2))]));
  }
}

const mergeSite = (pages: PageCounts[]): PageCounts =>
  ofEachKind((kind) => siteCounts(pages.map((page) => page[kind])));

/** Learns a lexicon from the counted pages of sites. A site counts once, however many its pages. */
export class LexiconCounts {
  readonly #tables: Record<Kind, OddsTable>;

  constructor(sites: PageCounts[][]) {
    const merged = sites.map(mergeSite);
    this.#tables = ofEachKind(
      (kind) =>
        new OddsTable(
          merged.map((site) => site[kind]),
          RULES[kind],
        ),
    );
  }

  /**
   * What the lexicon would be without some of its sites, which are to be judged as if unseen. To
   * leave out each site alone would tell what its labels are: what it has to say is what its
   * lexicon lacks.
   */
  without(sites: PageCounts[][]): Lexicon {
    const left = ofEachKind((): Counts => new Map());
    for (const site of sites.map(mergeSite)) ofEachKind((kind) => addAll(left[kind], site[kind]));
    const { words, names, headings } = this.#tables;
    return {
      word: (word) => words.odds(word, left.words),
      name: (name) => names.odds(name, left.names),
      heading: (term) => headings.odds(term, left.headings),
    };
  }

  data(): LexiconData {
    return ofEachKind((kind) => this.#tables[kind].data());
  }
}
