import type { ChildNode, Element } from 'domhandler';
import { eachElement, isBlank, isElement, visibleText } from '../dom/index.ts';
import { isBlock } from '../dom/elements.ts';

/** The ids that Markdown renderers, Pandoc and MediaWiki give to footnotes. */
const NOTE_ID = /^(?:user-content-)?(?:fn|footnote|cite_note)[:_-]?(?!ref)([\w.-]{1,60})$/i;
/** A number, a few letters or a sign, in brackets or not. */
const MARKER = /^[\s[({]*(\p{N}{1,4}|\p{L}{1,3}|[*†‡§¶#]{1,4})[\s\])}.:]*$/u;
const LETTERS = /^\s*\p{L}/u;
const MAX_MARKER = 20;
const LABEL = /^[\w.-]+$/;
/** Blocks that may be a note; what is around a note of several paragraphs. */
const NOTES = new Set(['li', 'p', 'div', 'aside', 'dd', 'dt']);
const WRAPPERS = new Set(['li', 'div', 'aside']);
/** How far around an element its block is looked for, and how much of a note for its way back. */
const MAX_LEVELS = 12;
const MAX_NODES = 300;

export interface Note {
  label: string;
  /** The links from the note to where it is referred to. */
  backLinks: Element[];
}

/** What a link is shown as, where it is short enough to refer to a note. */
export function markerOf(link: Element): string | null {
  const text = visibleText(link);
  if (text.length > MAX_MARKER || (LETTERS.test(text) && !isRaised(link))) return null;
  return MARKER.exec(text)?.[1] ?? null;
}

/** Letters on the line are words, or lead through a list in the order of the alphabet. */
function isRaised({ parent, children }: Element): boolean {
  const inside = children.some((child) => isElement(child) && child.name === 'sup');
  return inside || (isElement(parent) && parent.name === 'sup');
}

const targetOf = (link: Element): string | null => {
  const href = link.name === 'a' ? link.attribs['href'] : undefined;
  return href?.[0] === '#' && href.length > 1 ? href.slice(1) : null;
};

function blockAround(element: Element): Element | null {
  let at: Element | null = element;
  for (let i = 0; at !== null && !isBlock(at); i++, at = isElement(at.parent) ? at.parent : null)
    if (i >= MAX_LEVELS) return null;
  return at;
}

function linksIn(note: Element): Element[] {
  const links: Element[] = [];
  const stack: ChildNode[] = [note];
  let nodes = MAX_NODES;
  for (let node = stack.pop(); node !== undefined && nodes-- > 0; node = stack.pop()) {
    if (!isElement(node)) continue;
    if (targetOf(node) !== null) links.push(node);
    for (let i = node.children.length; i-- > 0;) stack.push(node.children[i]!);
  }
  return links;
}

/** What a term of a definition list stands for. */
export function definitionOf(term: Element): Element | null {
  let next = term.next;
  while (next !== null && isBlank(next)) next = next.next;
  return isElement(next) && next.name === 'dd' ? next : null;
}

/** Whether an element is another one, or stands within its words. */
function isWithin(element: Element, around: Element): boolean {
  let at: Element | null = element;
  for (let i = 0; at !== null && i < MAX_LEVELS; i++) {
    if (at === around) return true;
    if (isBlock(at)) return false;
    at = isElement(at.parent) ? at.parent : null;
  }
  return false;
}

/** Whether an element is the one before another, or before what holds that. */
function isBefore(element: Element, other: Element): boolean {
  let at: Element | null = other;
  for (let i = 0; at !== null && i < MAX_LEVELS && !isBlock(at); i++) {
    let { prev } = at;
    while (prev !== null && isBlank(prev)) ({ prev } = prev);
    if (prev !== null) return prev === element;
    at = isElement(at.parent) ? at.parent : null;
  }
  return false;
}

/** The blocks of a page that are footnotes, by the addresses that refer to them. */
export class NoteIndex {
  readonly #targets = new Map<string, Element>();
  readonly #order = new Map<Element, number>();
  readonly #links: Element[] = [];
  /** How many links lead to an address. */
  readonly #counts = new Map<string, number>();
  readonly #blocks = new Map<string, Element | null>();
  readonly #notes = new Map<Element, Note>();
  readonly #labels = new Set<string>();

  constructor(roots: ChildNode[]) {
    eachElement(roots, (element) => this.#enter(element));
    for (const link of this.#links) this.#read(link);
  }

  /** The block that an address within the page leads to, where it may be a note. */
  blockOf(target: string): Element | null {
    const known = this.#blocks.get(target);
    if (known !== undefined) return known;
    const at = this.#targets.get(target);
    const block = at === undefined ? null : this.#blockAt(at);
    this.#blocks.set(target, block);
    return block;
  }

  noteOf(block: Element): Note | null {
    return this.#notes.get(block) ?? null;
  }

  #enter(element: Element): void {
    const { id, name } = element.attribs;
    for (const key of [id, element.name === 'a' ? name : undefined]) {
      if (key === undefined || this.#targets.has(key)) continue;
      this.#targets.set(key, element);
      this.#order.set(element, this.#order.size);
    }
    const target = targetOf(element);
    if (target === null) return;
    this.#links.push(element);
    this.#counts.set(target, (this.#counts.get(target) ?? 0) + 1);
    if (!this.#order.has(element)) this.#order.set(element, this.#order.size);
  }

  /** The block that a target is, or stands in, with the wrapper that holds it alone. */
  #blockAt(target: Element): Element | null {
    let block = blockAround(target);
    if (block === null || !NOTES.has(block.name)) return null;
    if (block.name === 'dt') return definitionOf(block);
    for (let i = 0; i < MAX_LEVELS && isElement(block.parent); i++) {
      const { parent }: { parent: Element } = block as Element & { parent: Element };
      const first = parent.children.find((child) => !isBlank(child));
      const others = parent.children.some(
        (child) => child !== block && isElement(child) && this.#isTarget(child),
      );
      if (!WRAPPERS.has(parent.name) || first !== block || others) break;
      block = parent;
    }
    return block;
  }

  #isTarget(element: Element): boolean {
    return linksIn(element).length > 0 || element.attribs['id'] !== undefined;
  }

  /** Notes what a link refers to, where that is a footnote. */
  #read(link: Element): void {
    const target = targetOf(link)!;
    const block = this.blockOf(target);
    if (block === null || this.#order.get(this.#targets.get(target)!)! < this.#order.get(link)!) return;
    const known = this.#notes.get(block);
    const marker = markerOf(link);
    const named = NOTE_ID.exec(target)?.[1] ?? null;
    const from = blockAround(link);
    if (from === null || from === block) return;
    const around = block.name === 'dd' ? [this.#targets.get(target)!, block] : [block];
    const links = marker === null ? [] : around.flatMap(linksIn);
    const back = links.filter((one) => this.#leadsTo(one, link));
    if (back.length === 0 && (named === null || !(marker !== null || block.name === 'li'))) return;
    if (known !== undefined) return void known.backLinks.push(...back);
    this.#notes.set(block, {
      label: this.#labelFor(named === null || named.startsWith(`${marker}-`) ? marker! : named),
      backLinks: back,
    });
  }

  /**
   * Whether a link leads to where another one stands: to it, around it, into it or right before it.
   */
  #leadsTo(link: Element, place: Element): boolean {
    const address = targetOf(link)!;
    const target = this.#targets.get(address);
    if (target === undefined) return false;
    if (isWithin(target, place) || isWithin(place, target)) return true;
    return (
      this.#counts.get(address) === 1 && blockAround(target) === blockAround(place) && isBefore(target, place)
    );
  }

  #labelFor(wanted: string): string {
    let label = LABEL.test(wanted) ? wanted : String(this.#labels.size + 1);
    for (let i = this.#labels.size + 1; this.#labels.has(label); i++) label = `${wanted}-${i}`;
    this.#labels.add(label);
    return label;
  }
}
