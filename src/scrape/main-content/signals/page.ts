import type { Document, Element, ParentNode } from 'domhandler';
import { isElement } from '../../dom/index.ts';
import { type Block, type Container, isProse, Segmenter } from './blocks.ts';
import { type Declarations, kindsOfAddress } from './declarations.ts';
import { headingLevel, type Section, sectionsOf } from './sections.ts';
import type { Lexicon } from './words/lexicon.ts';
import { type PageWords, readWords } from './words/page-words.ts';
import { type Alike, alikeOf } from './alike.ts';
import { countCards, ownTextOf } from './cards.ts';
import { type BulkPlace, bulkPlacesOf } from './bulk.ts';

/** What is known of a page as a whole. */
export interface Page extends PageWords {
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
  /** For each block those whose three, and two, innermost elements look like its own. */
  alike: Alike[];
  looselyAlike: Alike[];
  /** For each block where it stands to the bulk of the running text. */
  bulk: BulkPlace[];
  /**
   * What the page declares itself to be, `type.…`, what its path suggests, `path.…`, and whether
   * people talk there, `talk`.
   */
  kinds: Set<string>;
  pathDepth: number;
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

/** The deepest container that holds more than the given share of the running text. */
function coreOf(root: Container, containers: Iterable<Container>, share: number): Container {
  let core = root;
  for (const container of containers) {
    if (container.depth > core.depth && container.text > root.text * share) core = container;
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

/** Reads a document from which noise was dropped. */
export function readPage(
  document: Document,
  url: string,
  { title, description, kinds: declared }: Declarations,
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
  const outsideIn = [root, ...containers.values()];
  countCards(blocks, levels, outsideIn);
  const isText = ownTextOf(blocks, outsideIn);
  const headingIndex = levels.indexOf(1);
  const heading = blocks[headingIndex]?.text ?? '';
  const narrowCore = coreOf(root, containers.values(), 0.5);
  const sections = sectionsOf(blocks, levels);
  const alike = alikeOf(blocks, 3);
  const looselyAlike = alikeOf(blocks, 2);
  const titleIndex = titleIndexOf(blocks, levels, title);
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
    heading,
    headingIndex,
    titleIndex,
    firstProse: blocks.findIndex(isProse),
    lastProse: blocks.findLastIndex(isProse),
    main,
    core: coreOf(root, containers.values(), 0.8),
    narrowCore,
    occurrences,
    levels,
    sections,
    alike,
    looselyAlike,
    bulk: bulkPlacesOf(blocks, looselyAlike, isText),
    kinds: new Set([...declared, ...kindsOfAddress(address)]),
    pathDepth: path.split('/').filter(Boolean).length,
    ...readWords(
      {
        blocks,
        containers: outsideIn,
        sections,
        alike,
        looselyAlike,
        core: narrowCore,
        about: [`${title} ${heading}`, description],
        titleIndex,
      },
      lexicon,
    ),
  };
}
