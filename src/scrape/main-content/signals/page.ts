import { type Document, type Element, type ParentNode, isText } from 'domhandler';
import { isElement } from '../../dom/index.ts';
import { textOf } from '../../metadata/structured-data.ts';
import { type Block, type Container, HEADINGS, isProse, Segmenter } from './blocks.ts';
import { groupsOf } from './phrases.ts';

/** The headings that a block stands under. */
interface Section {
  /** The level of the nearest heading before, 0 where there is none. */
  level: number;
  /** Blocks since that heading. */
  distance: number;
  /** Phrase groups of all headings that the block stands under. */
  groups: number;
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
  /** What the page declares itself to be, `type.…`, and what its path suggests, `path.…`. */
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

const MAX_JSON_LD = 200_000;

/** What a document says of itself: its title, and its kinds by Open Graph and JSON-LD. Read before noise is dropped. */
export function declarationsOf(document: Document): { title: string; kinds: Set<string> } {
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

/** An element's name and the first word of its class. */
function looksOf({ name, attribs }: Element): string {
  const [first = ''] = attribs['class']?.split(' ', 1) ?? [];
  return first === '' ? name : `${name} ${first}`;
}

/** Counts, for every container, the siblings that look like it. */
function countRepeated(containers: Map<ParentNode, Container>): void {
  for (const parent of containers.keys()) {
    if (parent.children.length < 2) continue;
    const alike = new Map<string, Container[]>();
    for (const child of parent.children) {
      const own = isElement(child) ? containers.get(child) : undefined;
      if (own === undefined || own.words === 0) continue;
      const key = looksOf(own.element!);
      const group = alike.get(key);
      if (group === undefined) alike.set(key, [own]);
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

function sectionsOf(blocks: Block[], levels: number[]): Section[] {
  const open: { level: number; groups: number; index: number }[] = [];
  return blocks.map((block, index) => {
    const level = levels[index]!;
    if (level > 0) {
      while (open.length > 0 && open.at(-1)!.level >= level) open.pop();
      open.push({ level, groups: groupsOf(block.text) | (open.at(-1)?.groups ?? 0), index });
    }
    const last = open.at(-1);
    return {
      level: last?.level ?? 0,
      distance: last === undefined ? 0 : index - last.index,
      groups: last?.groups ?? 0,
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

/** Reads a document from which noise was dropped. */
export function readPage(document: Document, url: string, title: string, declared: Set<string>): Page {
  const { blocks, root, containers } = new Segmenter(document);
  countRepeated(containers);
  const occurrences = new Map<string, number>();
  for (const block of blocks) {
    block.earlier = occurrences.get(block.text) ?? 0;
    occurrences.set(block.text, block.earlier + 1);
  }
  const levels = blocks.map(headingLevel);
  const headingIndex = levels.indexOf(1);
  const path = URL.parse(url)?.pathname.toLowerCase().slice(0, 500) ?? '';
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
    firstProse: blocks.findIndex(isProse),
    lastProse: blocks.findLastIndex(isProse),
    main,
    core: coreOf(root, containers.values(), 0.8),
    narrowCore: coreOf(root, containers.values(), 0.5),
    occurrences,
    levels,
    sections: sectionsOf(blocks, levels),
    kinds: new Set([...declared, ...PATHS.flatMap(([kind, pattern]) => (pattern.test(path) ? [kind] : []))]),
    pathDepth: path.split('/').filter(Boolean).length,
  };
}
