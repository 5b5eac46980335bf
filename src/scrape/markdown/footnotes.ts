import { type ChildNode, type Element, isText } from 'domhandler';
import { isElement } from '../dom/index.ts';
import { markerOf, NoteIndex } from './note-index.ts';

/** What parts the words of a link from brackets around them. */
const BRACKETS = /^[\s[\](){}]*$/;
const BEFORE_NUMBER = /^[\s[({^↑]+/;
/** A bracket that closes, or a stop that no word follows. */
const AFTER_NUMBER = /^(?:\s|[\])}^↑]|[.:](?=\s|$))+/;
const BACK_REFERENCE = /^#(?:user-content-)?(?:fnref|footnote-?ref|cite_ref)/i;

/** Knows which blocks are footnotes and which links refer to them. */
export class Footnotes {
  readonly #roots: ChildNode[];
  #index: NoteIndex | null = null;
  readonly #referenced = new Set<Element>();
  readonly #backLinks = new Set<Element>();
  /** The label of the note of which no text has been written yet. */
  #begun: string | null = null;

  constructor(roots: ChildNode[]) {
    this.#roots = roots;
  }

  /** The label of the footnote that a block is, or null when it is none. */
  labelOf(block: Element): string | null {
    return this.#referenced.has(block) ? (this.#notes.noteOf(block)?.label ?? null) : null;
  }

  /**
   * The label of the footnote that `element` refers to: a link whose note leads back to it, or a
   * raised one to what is named as a note. Null for any other element. From then on `labelOf` knows
   * the footnote.
   */
  reference(element: Element): string | null {
    const anchor = element.name === 'a' ? element : onlyElement(element);
    const href = anchor?.name === 'a' ? anchor.attribs['href'] : undefined;
    if (anchor === null || href === undefined || href[0] !== '#') return null;
    const isRaised = element.name === 'sup' || onlyElement(anchor)?.name === 'sup' || isMarked(anchor);
    if (!isRaised && markerOf(anchor) === null) return null;
    const block = this.#notes.blockOf(href.slice(1));
    const note = block === null ? null : this.#notes.noteOf(block);
    if (block === null || note === null || !(isRaised || note.backLinks.length > 0)) return null;
    if (note.backLinks.includes(anchor)) return null;
    this.#referenced.add(block);
    for (const link of note.backLinks) this.#backLinks.add(link);
    return note.label;
  }

  isBackReference(element: Element): boolean {
    if (this.#backLinks.has(element)) return true;
    const href = element.attribs['href'];
    return href !== undefined && this.#referenced.size > 0 && BACK_REFERENCE.test(href);
  }

  /** Called before the text of a note, which may begin with its own number. */
  begin(label: string): void {
    this.#begun = label;
  }

  /** A text of the note that has begun, without its number and the brackets and stops around it. */
  withoutNumber(text: string): string {
    if (this.#begun === null) return text;
    const words = withoutLabel(text, this.#begun).replace(AFTER_NUMBER, '');
    if (words !== '') this.#begun = null;
    return words;
  }

  get #notes(): NoteIndex {
    return (this.#index ??= new NoteIndex(this.#roots));
  }
}

/** The text without the label that it begins with, unless that may be its first word. */
function withoutLabel(text: string, label: string): string {
  const bare = text.replace(BEFORE_NUMBER, '');
  const after = bare.startsWith(label) ? bare.slice(label.length) : bare;
  const isNumber = bare !== after && (/^\s*(?:$|[\])}.:])/.test(after) || /[[({]/.test(text[0]!));
  if (isNumber) return after;
  return bare === '' ? '' : text;
}

/** The only element of a parent without other words. */
function onlyElement({ children }: Element): Element | null {
  const [only, ...others] = children.filter((child) => !isText(child) || !BRACKETS.test(child.data));
  return others.length === 0 && isElement(only) ? only : null;
}

function isMarked({ attribs }: Element): boolean {
  return (
    attribs['role'] === 'doc-noteref' ||
    attribs['data-footnote-ref'] !== undefined ||
    /\bfootnote-ref\b/.test(attribs['class'] ?? '')
  );
}
