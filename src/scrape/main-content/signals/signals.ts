import type { Block, Container } from './blocks.ts';
import { MARKS, STRUCTURAL_MARKS } from './marks.ts';
import type { Page } from './page.ts';
import type { Alike } from './alike.ts';
import { namesPrice } from './cards.ts';
import {
  type CoreRelation,
  FAR,
  type ExtractionContext,
  type Signal,
  type Signals,
} from './block-context.ts';
import { WORD_SIGNALS } from './words/word-signals.ts';

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
const log = (n: number): number => Math.log2(1 + n);
const signedLog = (n: number): number => Math.sign(n) * log(Math.abs(n));
const flag = (is: boolean): number => (is ? 1 : 0);

const DATE =
  /\b(?:19|20)\d\d\b|\b\d{1,2}:\d\d\b|\b\d+ (?:min|hour|day|week|month|year)s?\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d/i;
const CLOSING = '.!?:…。"”)';

function textSignals(prefix: string, blockOf: (context: ExtractionContext) => Block | undefined): Signals {
  const of = (measure: (block: Block) => number): Signal => {
    return (context) => {
      const block = blockOf(context);
      return block === undefined ? -1 : measure(block);
    };
  };
  return {
    [`${prefix}.words`]: of((b) => log(b.words)),
    [`${prefix}.linked`]: of((b) => ratio(b.linked, b.words)),
    [`${prefix}.stops`]: of((b) => ratio(b.stops, b.words)),
    [`${prefix}.closed`]: of((b) => flag(CLOSING.includes(String.fromCharCode(b.end)))),
  };
}

const OWN: Signals = {
  ...textSignals('own', ({ block }) => block),
  'own.commas': ({ block }) => ratio(block.commas, block.words),
  'own.digits': ({ block }) => ratio(block.digits, block.chars),
  'own.capitals': ({ block }) => ratio(block.capitals, block.chars),
  'own.word length': ({ block }) => ratio(block.chars, block.words),
  'own.pressed': ({ block }) => ratio(block.pressed, block.words),
  'own.date': ({ block }) => flag(DATE.test(block.text)),
  'own.money': ({ block }) => flag(namesPrice(block.text)),
  'own.occurrences': ({ page, block }) => page.occurrences.get(block.text) ?? 1,
  'own.repeats': ({ block }) => block.earlier,
  'own.is heading': ({ page, block }) => flag(block.text === page.heading),
  'own.in title': ({ page, block }) => flag(block.words > 2 && page.title.includes(block.text)),
};

const NEIGHBOURS: Signals = {
  ...textSignals('previous', ({ page, index }) => page.blocks[index - 1]),
  ...textSignals('next', ({ page, index }) => page.blocks[index + 1]),
};

function alikeSignals(prefix: string, groupsOf: (page: Page) => Alike[]): Signals {
  const of = (measure: (group: Alike, page: Page) => number): Signal => {
    return ({ page, index }) => measure(groupsOf(page)[index]!, page);
  };
  return {
    [`${prefix}.blocks`]: of((group) => log(group.blocks)),
    [`${prefix}.prose`]: of((group, page) => ratio(group.prose, page.root.prose)),
    [`${prefix}.linked`]: of((group) => ratio(group.linked, group.words)),
    [`${prefix}.words`]: of((group) => log(ratio(group.words, group.blocks))),
  };
}

const POSITION: Signals = {
  'position.words': ({ page, block }) => ratio(block.offset, page.root.words),
  'position.blocks': ({ page, index }) => ratio(index, page.blocks.length),
  'position.index': ({ index }) => log(index),
  'position.left': ({ page, index }) => log(page.blocks.length - index),
  'position.from heading': ({ page, index }) =>
    page.headingIndex < 0 ? -6 : signedLog(index - page.headingIndex),
  'position.from title': ({ page, index }) => (page.titleIndex < 0 ? -6 : signedLog(index - page.titleIndex)),
  'position.from first prose': ({ page, index }) => signedLog(index - page.firstProse),
  'position.from last prose': ({ page, index }) => signedLog(index - page.lastProse),
  depth: ({ block }) => block.container.depth,
};

function containerSignals(level: number): Signals {
  const of = (measure: (container: Container, context: ExtractionContext) => number): Signal => {
    return (context) => measure(context.around[level]!, context);
  };
  return {
    [`around${level}.words`]: of((c) => log(c.words)),
    [`around${level}.linked`]: of((c) => ratio(c.linked, c.words)),
    [`around${level}.per block`]: of((c) => ratio(c.words, c.blocks)),
    [`around${level}.paragraphs`]: of((c) => ratio(c.paragraphWords, c.words)),
    [`around${level}.share`]: of((c, { page }) => ratio(c.words, page.root.words)),
    [`around${level}.prose`]: of((c, { page }) => ratio(c.prose, page.root.prose)),
    [`around${level}.stops`]: of((c) => ratio(c.stops, c.words)),
    [`around${level}.headings`]: of((c) => ratio(c.headings, c.blocks)),
    [`around${level}.repeated`]: of((c) => log(c.repeated)),
    [`around${level}.images`]: of((c) => log(c.images)),
    [`around${level}.prices`]: of((c) => ratio(c.prices, c.blocks)),
    [`around${level}.titles`]: of((c) => ratio(c.titles, c.blocks)),
    [`around${level}.blocks`]: of((c) => log(c.blocks)),
  };
}

const REPETITION: Signals = {
  'item.count': ({ repeated }) => (repeated === null ? 0 : log(repeated.repeated)),
  'item.words': ({ repeated }) => (repeated === null ? 0 : log(repeated.words)),
  'item.linked': ({ repeated }) => (repeated === null ? 0 : ratio(repeated.linked, repeated.words)),
  'item.share': ({ repeated, page }) =>
    repeated === null ? 0 : ratio(repeated.words * repeated.repeated, page.root.words),
  'item.up': ({ repeated, block }) => (repeated === null ? FAR : block.container.depth - repeated.depth),
  'item.images': ({ repeated }) => repeated?.images ?? 0,
  'item.headings': ({ repeated }) => repeated?.headings ?? 0,
  'item.prose': ({ repeated }) => (repeated === null ? 0 : ratio(repeated.prose, repeated.words)),
  'item.paragraphs': ({ repeated }) =>
    repeated === null ? 0 : ratio(repeated.paragraphWords, repeated.words),
  'item.prices': ({ repeated }) => repeated?.prices ?? 0,
  'item.titles': ({ repeated }) => repeated?.titles ?? 0,
  'list.prices': ({ repeatedAround }) => repeatedAround?.prices ?? 0,
  'list.titles': ({ repeatedAround }) => repeatedAround?.titles ?? 0,
  'list.count': ({ repeatedAround }) => (repeatedAround === null ? 0 : log(repeatedAround.repeated)),
  'list.words': ({ repeatedAround }) => (repeatedAround === null ? 0 : log(repeatedAround.words)),
  'list.share': ({ repeatedAround, page }) =>
    repeatedAround === null ? 0 : ratio(repeatedAround.words * repeatedAround.repeated, page.root.words),
};

function coreSignals(prefix: string, relationOf: (context: ExtractionContext) => CoreRelation): Signals {
  return {
    [`${prefix}.up`]: (context) => relationOf(context).up,
    [`${prefix}.away`]: (context) => relationOf(context).away,
    [`${prefix}.common`]: (context) => ratio(relationOf(context).common.words, context.page.root.words),
    [`${prefix}.share`]: (context) => ratio(relationOf(context).core.words, context.page.root.words),
    [`${prefix}.linked`]: (context) => ratio(relationOf(context).core.linked, relationOf(context).core.words),
  };
}

const TITLE: Signals = {
  'title.common': ({ title, page }) => (title === null ? -1 : ratio(title.common.words, page.root.words)),
  'title.away': ({ title }) => (title === null ? -1 : title.away),
  'title.up': ({ title, block }) => (title === null ? -1 : block.container.depth - title.common.depth),
};

/**
 * How much of the page's running text lies outside the outermost element around that bears the
 * mark; -1 where none does.
 */
function outside(mark: string): Signal {
  const wanted = MARKS.indexOf(mark);
  return ({ page, block, distances }) => {
    if (distances[wanted] === FAR) return -1;
    let region: Container | null = null;
    for (let at: Container | null = block.container; at !== null; at = at.parent) {
      if (at.marks.includes(wanted)) region = at;
    }
    return region === null ? -1 : 1 - ratio(region.prose, page.root.prose);
  };
}

const SECTION: Signals = {
  'section.blocks': ({ page, index }) => log(page.sections[index]!.under.blocks),
  'section.size': ({ page, index }) => log(page.sections[index]!.under.words),
  'section.linked': ({ page, index }) =>
    ratio(page.sections[index]!.under.linked, page.sections[index]!.under.words),
  'section.prose': ({ page, index }) =>
    ratio(page.sections[index]!.under.prose, page.sections[index]!.under.words),
  'section.level': ({ page, index }) => page.sections[index]!.level,
  'section.distance': ({ page, index }) => log(page.sections[index]!.distance),
};

const BULK: Signals = {
  'bulk.before': ({ page, index }) => page.bulk[index]!.before,
  'bulk.after': ({ page, index }) => page.bulk[index]!.after,
  'bulk.since last': ({ page, index }) => signedLog(page.bulk[index]!.sinceLast),
  'bulk.until next': ({ page, index }) => signedLog(page.bulk[index]!.untilNext),
};

const total = (measure: (root: Container) => number): Signal => {
  return ({ page }) => measure(page.root);
};

const PAGE: Signals = {
  'page.words': total((root) => log(root.words)),
  'page.linked': total((root) => ratio(root.linked, root.words)),
  'page.stops': total((root) => ratio(root.stops, root.words)),
  'page.blocks': ({ page }) => log(page.blocks.length),
  'page.paragraphs': ({ page }) => ratio(page.root.paragraphWords, page.root.words),
  'page.headings': ({ page }) => log(page.root.headings),
  'page.prices': total((root) => log(root.prices)),
  'page.titles': total((root) => log(root.titles)),
  'page.titled': total((root) => ratio(root.titles, root.headings)),
  'page.main': ({ page }) => (page.main === null ? -1 : ratio(page.main.words, page.root.words)),
  'page.path depth': ({ page }) => page.pathDepth,
};

const declared = (prefix: string, names: readonly string[]): Signals =>
  Object.fromEntries(
    names
      .map((name) => `${prefix}.${name}`)
      .map((kind): [string, Signal] => [kind, ({ page }) => flag(page.kinds.has(kind))]),
  );

/** All that is measured of a block, by name. The forest refers to these names. */
export const SIGNALS: Signals = {
  ...OWN,
  ...NEIGHBOURS,
  ...WORD_SIGNALS,
  ...alikeSignals('alike', ({ alike }) => alike),
  ...alikeSignals('loosely alike', ({ looselyAlike }) => looselyAlike),
  ...POSITION,
  ...Object.assign({}, ...[0, 1, 2, 3, 4].map(containerSignals)),
  ...REPETITION,
  ...coreSignals('core', ({ core }) => core),
  ...coreSignals('narrow core', ({ narrowCore }) => narrowCore),
  ...TITLE,
  ...SECTION,
  ...BULK,
  'outside.comment': outside('comment'),
  'outside.post': outside('post'),
  ...Object.fromEntries(
    STRUCTURAL_MARKS.map((mark, i): [string, Signal] => [`mark.${mark}`, ({ distances }) => distances[i]!]),
  ),
  ...PAGE,
  ...declared('type', [
    'article',
    'product',
    'forum',
    'collection',
    'website',
    'organization',
    'video',
    'software',
  ]),
  ...declared('path', ['docs', 'forum', 'product', 'collection', 'blog', 'service']),
};
