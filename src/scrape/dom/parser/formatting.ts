import { Element, isTag } from 'domhandler';
import { adopt, moveLast } from '../adopt.ts';
import { BLOCK_ELEMENTS, NOT_TEXT } from '../elements.ts';
import { isSpecial, SCOPES } from './end-tags.ts';
import type { OpenElements } from './open-elements.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Elements that browsers open again where another end tag has closed them. */
const FORMATTING = words('a b big code em font i nobr s small strike strong tt u');
/** Elements into which formatting does not reach from outside, nor out of them. */
const MARKERS = words('td th caption applet marquee object template');
/** Elements whose text stands before their table, in browsers. */
const TABLE = words('table tbody thead tfoot tr colgroup');
const SPACE_ONLY = /^\s*$/;

/** Remembered elements; browsers have no limit, people need few. */
const MAX_ENTRIES = 64;
/** Equal elements that are remembered ("Noah's Ark clause"). */
const MAX_EQUAL = 3;
/** Elements opened again in one document, so that it does not grow by their number squared. */
const MAX_RESTORED = 10_000;
/** Blocks moved in one document: each makes the tree a level deeper. */
const MAX_MOVED = 200;
/** Blocks that one end tag moves, and elements between that it copies (13.2.6.4.7). */
const MAX_BLOCKS = 8;
const MAX_COPIED = 3;

/** An element that is to go on, or a marker: a cell and the like, which keeps it apart. */
class Entry {
  element: Element;
  readonly isMarker: boolean;
  #attributes: string | null = null;

  constructor(element: Element, isMarker: boolean) {
    this.element = element;
    this.isMarker = isMarker;
  }

  /** Equal for elements with the same attributes in the same order. */
  get attributes(): string {
    const { attribs } = this.element;
    return (this.#attributes ??= JSON.stringify(Object.keys(attribs).map((name) => [name, attribs[name]])));
  }
}

/**
 * The list of active formatting elements of HTML (13.2.4.3): what `<b>` and the like begin goes on
 * until their own end tag, through whatever other tags open and close between.
 */
export class Formatting {
  readonly #open: OpenElements;
  #entries: Entry[] = [];
  #restored = 0;
  #moved = 0;

  constructor(open: OpenElements) {
    this.#open = open;
  }

  /** Called when an element has been opened by its start tag. */
  opened(element: Element): void {
    const isMarker = MARKERS.has(element.name);
    if (isMarker ? this.#entries.length === 0 : !FORMATTING.has(element.name)) return;
    this.#leaveMarkers();
    if (this.#entries.length === 0 && !isMarker) this.#markCell();
    const entry = new Entry(element, isMarker);
    if (!isMarker) this.#dropEqual(entry);
    if (this.#entries.length >= MAX_ENTRIES) this.#entries.shift();
    this.#entries.push(entry);
  }

  /** Notes the cell, or the like, that is open where nothing else is noted. */
  #markCell(): void {
    const { nodes } = this.#open;
    const cell = nodes.findLast((node) => isTag(node) && MARKERS.has(node.name));
    if (cell !== undefined) this.#entries.push(new Entry(cell as Element, true));
  }

  /** Called before a start tag: opens again what is still active, where it belongs around it. */
  beforeStart(name: string): void {
    if (this.#entries.length === 0 || BLOCK_ELEMENTS.has(name) || NOT_TEXT.has(name)) return;
    if (name === 'a') this.#endLink();
    this.#restore();
  }

  beforeText(text: () => string): void {
    if (this.#entries.length > 0 && this.#isSuspended() && !SPACE_ONLY.test(text())) this.#restore();
  }

  /** Ends an element as browsers do; false where the end tag is not one of formatting. */
  end(name: string): boolean {
    if (this.#entries.length === 0 || !FORMATTING.has(name)) return false;
    this.#leaveMarkers();
    for (let i = 0; i < MAX_BLOCKS; i++) {
      const index = this.#find(name);
      if (index < 0) return i > 0;
      const depth = this.#open.nodes.lastIndexOf(this.#entries[index]!.element);
      const inside = depth < 0 ? [] : (this.#open.nodes.slice(depth + 1) as Element[]);
      if (inside.some((element) => SCOPES.has(element.name))) return true;
      const block = inside.findIndex((element) => isSpecial(element.name));
      if (depth >= 0 && block >= 0 && this.#moved < MAX_MOVED) this.#moveOut(index, depth, depth + 1 + block);
      else {
        this.#entries.splice(index, 1);
        if (depth >= 0) this.#open.closeAt(depth);
        return true;
      }
    }
    return true;
  }

  #endLink(): void {
    this.#leaveMarkers();
    const index = this.#find('a');
    if (index < 0) return;
    const entry = this.#entries[index]!;
    this.end('a');
    const left = this.#entries.indexOf(entry);
    if (left >= 0) this.#entries.splice(left, 1);
  }

  /** Forgets what began in a cell, or the like, that is closed. */
  #leaveMarkers(): void {
    for (let i = this.#lastMarker(); i >= 0; i = this.#lastMarker()) {
      if (this.#open.nodes.includes(this.#entries[i]!.element)) return;
      this.#entries.length = i;
    }
  }

  #lastMarker(): number {
    return this.#entries.findLastIndex(({ isMarker }) => isMarker);
  }

  #find(name: string): number {
    const index = this.#entries.findLastIndex(({ element, isMarker }) => isMarker || element.name === name);
    return index < 0 || this.#entries[index]!.isMarker ? -1 : index;
  }

  /** Makes room for one more of its equals. */
  #dropEqual(entry: Entry): void {
    const { name } = entry.element;
    const since = this.#entries.slice(this.#lastMarker() + 1);
    const named = since.filter(({ element }) => element.name === name);
    if (named.length < MAX_EQUAL) return;
    const equal = named.filter(({ attributes }) => attributes === entry.attributes);
    if (equal.length >= MAX_EQUAL) this.#entries.splice(this.#entries.indexOf(equal[0]!), 1);
  }

  #isSettled({ element, isMarker }: Entry): boolean {
    return isMarker || this.#open.nodes.lastIndexOf(element) >= 0;
  }

  #isSuspended(): boolean {
    this.#leaveMarkers();
    const last = this.#entries.at(-1);
    return last !== undefined && !this.#isSettled(last);
  }

  #restore(): void {
    if (!this.#isSuspended() || this.#restored >= MAX_RESTORED) return;
    const around = this.#open.names[0] ?? '';
    if (NOT_TEXT.has(around) || TABLE.has(around)) return;
    const settled = this.#entries.findLastIndex((entry) => this.#isSettled(entry));
    for (const entry of this.#entries.slice(settled + 1)) {
      if (!this.#open.hasRoom) return;
      entry.element = this.#open.open(entry.element.name, entry.element.attribs);
      this.#restored++;
    }
  }

  /**
   * Takes the block at `blockDepth` out of the formatting element at `depth`, which goes on in it:
   * `<b>1<p>2</b>3</p>` becomes `<b>1</b><p><b>2</b>3</p>`.
   */
  #moveOut(index: number, depth: number, blockDepth: number): void {
    const { nodes } = this.#open;
    const { element } = this.#entries[index]!;
    const block = nodes[blockDepth] as Element;
    const [moved, place] = this.#copyBetween(index, depth, blockDepth);
    moveLast(nodes[depth - 1]!, moved);
    const copy = new Element(element.name, { ...element.attribs });
    const { children } = block;
    block.children = [];
    adopt(copy, children);
    moveLast(block, copy);
    this.#entries.splice(place, 0, new Entry(copy, false));
    this.#entries.splice(index, 1);
    this.#open.replaceAt(nodes.indexOf(block), [block, copy]);
    this.#open.replaceAt(depth, []);
    this.#moved++;
  }

  /** Copies the formatting between around the block. The outermost copy, and where it is listed. */
  #copyBetween(index: number, depth: number, blockDepth: number): [Element, number] {
    const { nodes } = this.#open;
    let moved = nodes[blockDepth] as Element;
    let place = index + 1;
    for (let at = blockDepth - 1; at > depth; at--) {
      const entry = this.#entries.findIndex((one) => one.element === nodes[at]);
      if (entry < 0 || blockDepth - at > MAX_COPIED) {
        if (entry >= 0) this.#entries.splice(entry, 1);
        if (entry >= 0 && entry < place) place--;
        this.#open.replaceAt(at, []);
        continue;
      }
      place = Math.max(place, entry + 1);
      const copy = new Element((nodes[at] as Element).name, { ...(nodes[at] as Element).attribs });
      this.#entries[entry]!.element = copy;
      this.#open.replaceAt(at, [copy]);
      moveLast(copy, moved);
      moved = copy;
    }
    return [moved, place];
  }
}
