import { type Document, type Element, type ParentNode, isText } from 'domhandler';
import { isElement } from '../../dom/index.ts';
import { textOf } from '../../metadata/structured-data.ts';
import { type Block, type Container, HEADINGS, isProse, Segmenter } from './blocks.ts';
import { evidenceOfText, type Lexicon, type WordEvidence } from './lexicon.ts';
import { type Alike, alikeOf } from './alike.ts';
import { Wording } from './wording.ts';

/** The headings that a block stands under. */
interface Section {
  /** The level of the nearest heading before, 0 where there is none. */
  level: number;
  /** Blocks since that heading. */
  distance: number;
  /** The index of the nearest heading's block, -1 where there is none. */
  heading: number;
}

/** What is known of a page as a whole. */
export interface Page {
  blocks: Block[];
  root: Container;
  containers: Map<ParentNode, Container>;
  title: string;
  /** The text of the first `h1`. */
  heading: string;
  headingIndex: number;
  /** The index of the block that is the page's title, -1 where none is. */
  titleIndex: number;
  firstProse: number;
  lastProse: number;
  main: Container | null;
  /** The deepest containers that hold four fifths, and half, of the running text. */
  core: Container;
  narrowCore: Container;
  occurrences: Map<string, number>;
  /** For each block the level of the heading that it is, 0 where it is none. */
  levels: number[];
  sections: Section[];
  /** For each block what its words say of it. */
  words: WordEvidence[];
  /** What the words of the blocks around each block say. */
  wording: Wording;
  /** For each block what the words say of those that look like it. */
  alikeWording: number[];
  looselyAlikeWording: number[];
  /** For each block those whose three, and two, innermost elements look like its own. */
  alike: Alike[];
  looselyAlike: Alike[];
  /**
   * What the page declares itself to be, `type.…`, what its path suggests, `path.…`, and whether
   * people talk there, `talk`.
   */
  kinds: Set<string>;
  pathDepth: number;
}

const TYPES: [string, RegExp][] = [
  ['type.article', /article|blogposting|report|webpage$/i],
  ['type.product', /product|offer/i],
  ['type.forum', /forum|qapage|question|discussion/i],
  ['type.collection', /collection|itemlist|searchresults|blog$/i],
  ['type.website', /website/i],
  ['type.organization', /organization|localbusiness|service/i],
  ['type.video', /video/i],
  ['type.software', /software|techarticle|apireference/i],
  ['talk', /qapage|discussionforum/i],
];

const PATHS: [string, RegExp][] = [
  ['path.docs', /\b(?:docs?|documentation|reference|manual|guides?|wiki|api|tutorials?|learn|help)\b/],
  [
    'path.forum',
    /\b(?:forums?|threads?|topics?|showthread|viewtopic|questions?|discussions?|community|comments|t|d)\b/,
  ],
  ['path.product', /\b(?:products?|dp|p|itm|item|app)\b/],
  ['path.collection', /\b(?:collections?|category|categories|c|shop|store|browse|b|cat)\b/],
  ['path.blog', /\b(?:blog|news|articles?|posts?|stories|20\d\d)\b|-\w+-\w+-\w+/],
  ['path.service', /\b(?:services?|solutions?|pricing|about|features?|platform)\b/],
];

const TALK_HOST = /forum|^(?:boards?|community|discuss|discussions|talk)\./;
const TALK_SEGMENT =
  /\/(?:forums?|boards?|threads?|topics?|discussions?|questions?|comments)(?:\/|$)|\b(?:showthread|viewtopic)\b/;
/** The paths of sites that are made for talk begin with a single letter, or `item` or `post`. */
const TALK_START = /^\/(?:t|d|r|s|item|post)(?:\/|$)/;

function isTalk(url: URL | null): boolean {
  if (url === null) return false;
  const path = url.pathname.toLowerCase().slice(0, 500);
  return TALK_HOST.test(url.hostname) || TALK_SEGMENT.test(path) || TALK_START.test(path);
}

const MAX_JSON_LD = 200_000;

/**
 * What a document says of itself: its title, and its kinds by Open Graph and JSON-LD. Read before
 * noise is dropped.
 */
export function declarationsOf(document: Document): Declarations {
  const kinds = new Set<string>();
  let title = '';
  const declare = (type: string): void => {
    for (const [kind, pattern] of TYPES) if (pattern.test(type)) kinds.add(kind);
  };
  const read = ({ name, attribs, children }: Element): void => {
    if (name === 'title' && title === '') title = children[0] === undefined ? '' : textOf(children[0], 300);
    if (name === 'meta' && attribs['property'] === 'og:type')
      declare((attribs['content'] ?? '').slice(0, 100));
    if (name !== 'script' || attribs['type'] !== 'application/ld+json') return;
    const source =
      children[0] !== undefined && isText(children[0]) ? children[0].data.slice(0, MAX_JSON_LD) : '';
    for (const [, type] of source.matchAll(/"@type"\s{0,10}:\s{0,10}\[?\s{0,10}"([A-Za-z]{1,40})"/g))
      declare(type!);
  };
  const visit = (node: ParentNode): void => {
    for (const child of node.children) {
      if (!isElement(child)) continue;
      read(child);
      visit(child);
    }
  };
  visit(document);
  return { title, kinds };
}

/** Counts, for every container, the siblings that look like it. */
function countRepeated(containers: Map<ParentNode, Container>): void {
  for (const parent of containers.keys()) {
    if (parent.children.length < 2) continue;
    const alike = new Map<string, Container[]>();
    for (const child of parent.children) {
      const own = isElement(child) ? containers.get(child) : undefined;
      if (own === undefined || own.words === 0) continue;
      const group = alike.get(own.looks);
      if (group === undefined) alike.set(own.looks, [own]);
      else group.push(own);
    }
    for (const group of alike.values()) for (const own of group) own.repeated = group.length;
  }
}

/** The level of the heading that a block is, 0 where it is none. */
function headingLevel({ container }: Block): number {
  let at: Container | null = container;
  for (let i = 0; at !== null && i < 3; i++, at = at.parent) {
    const level = HEADINGS.get(at.element?.name ?? '');
    if (level !== undefined) return level;
  }
  return 0;
}

function sectionsOf(levels: number[]): Section[] {
  const open: { level: number; index: number }[] = [];
  return levels.map((level, index) => {
    if (level > 0) {
      while (open.length > 0 && open.at(-1)!.level >= level) open.pop();
      open.push({ level, index });
    }
    const last = open.at(-1);
    return {
      level: last?.level ?? 0,
      distance: last === undefined ? 0 : index - last.index,
      heading: last?.index ?? -1,
    };
  });
}

/** The deepest container that holds more than the given share of the running text. */
function coreOf(root: Container, containers: Iterable<Container>, share: number): Container {
  let core = root;
  for (const container of containers) {
    if (container.depth > core.depth && container.prose > root.prose * share) core = container;
  }
  return core;
}

function isMain(element: Element | null): boolean {
  return element !== null && (element.name === 'main' || element.attribs['role'] === 'main');
}

/**
 * The block that is the page's title: an `h1` that the title repeats, else the first `h1`, else
 * what the title repeats.
 */
function titleIndexOf(blocks: Block[], levels: number[], title: string): number {
  const repeated = (block: Block, least: number): boolean =>
    block.words >= least && title.includes(block.text);
  const exact = blocks.findIndex((block, i) => levels[i] === 1 && repeated(block, 2));
  if (exact >= 0) return exact;
  const heading = levels.indexOf(1);
  return heading >= 0 ? heading : blocks.findIndex((block) => repeated(block, 3));
}

/** What a document says of itself, read before noise is dropped. */
export interface Declarations {
  title: string;
  kinds: Set<string>;
}

/** Reads a document from which noise was dropped. */
export function readPage(
  document: Document,
  url: string,
  { title, kinds: declared }: Declarations,
  lexicon: Lexicon,
): Page {
  const { blocks, root, containers } = new Segmenter(document, lexicon);
  countRepeated(containers);
  const occurrences = new Map<string, number>();
  for (const block of blocks) {
    block.earlier = occurrences.get(block.text) ?? 0;
    occurrences.set(block.text, block.earlier + 1);
  }
  const levels = blocks.map(headingLevel);
  const headingIndex = levels.indexOf(1);
  const words = blocks.map(({ text }) => evidenceOfText(text, lexicon));
  const wording = new Wording(blocks, words, [root, ...containers.values()]);
  const alike = alikeOf(blocks, 3);
  const looselyAlike = alikeOf(blocks, 2);
  const address = URL.parse(url);
  const path = address?.pathname.toLowerCase().slice(0, 500) ?? '';
  let main: Container | null = null;
  for (const container of containers.values()) {
    if (isMain(container.element) && container.words > (main?.words ?? -1)) main = container;
  }
  return {
    blocks,
    root,
    containers,
    title,
    heading: blocks[headingIndex]?.text ?? '',
    headingIndex,
    titleIndex: titleIndexOf(blocks, levels, title),
    firstProse: blocks.findIndex(isProse),
    lastProse: blocks.findLastIndex(isProse),
    main,
    core: coreOf(root, containers.values(), 0.8),
    narrowCore: coreOf(root, containers.values(), 0.5),
    occurrences,
    levels,
    sections: sectionsOf(levels),
    words,
    wording,
    alike,
    alikeWording: wording.among(alike),
    looselyAlike,
    looselyAlikeWording: wording.among(looselyAlike),
    kinds: new Set([
      ...declared,
      ...PATHS.flatMap(([kind, pattern]) => (pattern.test(path) ? [kind] : [])),
      ...(isTalk(address) ? ['talk'] : []),
    ]),
    pathDepth: path.split('/').filter(Boolean).length,
  };
}
