import { type Element, type ParentNode, type Text, isText } from 'domhandler';
import { isBlock } from '../../dom/elements.ts';
import { isElement } from '../../dom/index.ts';
import { type Lexicon, type NameEvidence, NO_EVIDENCE, withinNames } from './words/lexicon.ts';
import { MarkReader } from './marks.ts';
import { add, count, isSpace, type Measure, newMeasure } from './measure.ts';

const words = (list: string): Set<string> => new Set(list.split(' '));
const INLINE = words(
  'a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark math nobr output ' +
    'q rb rp rt rtc ruby s samp small span strike strong sub sup time tt u var wbr annotation semantics ' +
    'mi mn mo mrow msub msup mfrac mtext msqrt mover munder msubsup munderover mstyle mspace mpadded',
);
const OPAQUE = words(
  'script style template svg title iframe object textarea select head noscript canvas audio video',
);

/** The level of each heading element. The forest was fitted to pages without headings by role. */
export const HEADINGS: ReadonlyMap<string, number> = new Map(
  [1, 2, 3, 4, 5, 6].map((level) => [`h${level}`, level]),
);

/** An element that holds text, and what its text adds up to. */
export interface Container extends Measure {
  element: Element | null;
  parent: Container | null;
  depth: number;
  /** The marks that the element itself bears. */
  marks: number[];
  evidence: NameEvidence;
  /** The element's name and the first word of its class. */
  looks: string;
  blocks: number;
  paragraphWords: number;
  /** Words of blocks that read like running text. */
  prose: number;
  /** Words of running text of the page's own: see ownTextOf. */
  text: number;
  headings: number;
  images: number;
  /** Prices, and headings that are links. */
  prices: number;
  titles: number;
  /** How many siblings, itself included, look like it: the same tag and class. */
  repeated: number;
}

/** A stretch of text that no block element interrupts. */
export interface Block extends Measure {
  texts: Text[];
  container: Container;
  /** The text with white space collapsed, at most 300 characters of it. */
  text: string;
  /** The last character that is not white space. */
  end: number;
  /** Words of the page before it. */
  offset: number;
  /** How many blocks before it have the same text. */
  earlier: number;
}

/** Whether a block reads like running text rather than a label or a list of links. */
export function isProse(block: Block): boolean {
  return block.words >= 12 && block.linked < block.words * 0.5 && block.pressed === 0;
}

function looksOf({ name, attribs }: Element): string {
  const names = attribs['class']?.trimStart();
  if (names === undefined || names === '') return name;
  const end = names.search(/\s/);
  return `${name} ${end < 0 ? names : names.slice(0, end)}`;
}

function collapsed(text: string): string {
  return /[^\S ]| {2}/.test(text) ? text.replace(/\s+/g, ' ') : text;
}

/** Splits a tree into its blocks of text and measures the elements around them, in one walk. */
export class Segmenter {
  readonly blocks: Block[] = [];
  readonly containers = new Map<ParentNode, Container>();
  readonly root: Container;
  readonly #reader: MarkReader;
  #open: Block | null = null;
  #words = 0;
  /** The nearest block element around what is being read. */
  #around: Container;

  constructor(root: ParentNode, lexicon: Lexicon) {
    this.#reader = new MarkReader(lexicon);
    this.root = this.#container(isElement(root) ? root : null, null);
    this.#around = this.root;
    this.#walk(root, this.root, 0, 0);
    this.#close();
    for (const block of this.blocks) if (isProse(block)) block.container.prose += block.words;
    for (const { parent, prose } of [...this.containers.values()].toReversed())
      if (parent !== null) parent.prose += prose;
  }

  #container(element: Element | null, parent: Container | null): Container {
    const depth = parent === null ? 1 : parent.depth + 1;
    return {
      ...newMeasure(),
      element,
      parent,
      depth,
      marks: element === null ? [] : this.#reader.marksOf(element),
      evidence: this.#evidenceOf(element, parent?.evidence ?? NO_EVIDENCE),
      looks: element === null ? '' : looksOf(element),
      blocks: 0,
      paragraphWords: 0,
      prose: 0,
      text: 0,
      headings: 0,
      images: 0,
      prices: 0,
      titles: 0,
      repeated: 1,
    };
  }

  #evidenceOf(element: Element | null, around: NameEvidence): NameEvidence {
    if (element === null || element.name === 'html' || element.name === 'body') return around;
    return withinNames(this.#reader.evidenceOf(element), around);
  }

  #walk(node: ParentNode, container: Container, linked: number, pressed: number): void {
    for (const child of node.children) {
      if (isText(child)) this.#text(child, container, linked, pressed);
      else if (isElement(child)) this.#element(child, container, linked, pressed);
    }
  }

  #element(element: Element, container: Container, linked: number, pressed: number): void {
    if (OPAQUE.has(element.name)) return;
    if (element.name === 'br' || element.name === 'hr') return this.#close();
    const own = this.#container(element, container);
    if (element.name === 'img') own.images = 1;
    this.containers.set(element, own);
    const link = linked + (element.name === 'a' && element.attribs['href'] !== undefined ? 1 : 0);
    const press = pressed + (element.name === 'button' || element.attribs['role'] === 'button' ? 1 : 0);
    const block = !INLINE.has(element.name) || isBlock(element);
    const outside = this.#around;
    if (block) {
      this.#close();
      this.#around = own;
    }
    this.#walk(element, own, link, press);
    if (block) {
      this.#close();
      this.#around = outside;
    }
    addContainer(container, own);
  }

  #text(node: Text, container: Container, linked: number, pressed: number): void {
    const measure = newMeasure();
    const found = count(measure, node.data);
    if (linked > 0) measure.linked = found;
    if (pressed > 0) measure.pressed = found;
    if (measure.chars === 0) {
      if (this.#open !== null) this.#open.texts.push(node);
      return;
    }
    add(container, measure);
    const open = this.#open;
    const block = open ?? this.#begin(container, node);
    if (block.container !== container) block.container = this.#around;
    if (open !== null) block.texts.push(node);
    add(block, measure);
    if (block.text.length < 300) block.text += collapsed(node.data.slice(0, 1000));
    for (let i = node.data.length - 1; i >= 0; i--) {
      if (isSpace(node.data.charCodeAt(i))) continue;
      block.end = node.data.charCodeAt(i);
      break;
    }
  }

  #begin(container: Container, first: Text): Block {
    const places = { texts: [first], container, text: '', end: 0, offset: this.#words, earlier: 0 };
    const block = { ...newMeasure(), ...places };
    this.#open = block;
    this.blocks.push(block);
    return block;
  }

  #close(): void {
    const block = this.#open;
    if (block === null) return;
    this.#open = null;
    block.text = block.text.trim().slice(0, 300);
    this.#words += block.words;
    block.container.blocks++;
  }
}

function addContainer(to: Container, from: Container): void {
  add(to, from);
  const { name } = from.element!;
  to.blocks += from.blocks;
  to.headings += from.headings + (HEADINGS.has(name) ? 1 : 0);
  to.images += from.images;
  to.paragraphWords += name === 'p' ? from.words : from.paragraphWords;
}
