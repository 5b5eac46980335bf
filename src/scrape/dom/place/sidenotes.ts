import { type ChildNode, type Element, isText } from 'domhandler';
import { element } from '../../documents/nodes.ts';
import { isBlock } from '../elements.ts';
import { adopt, eachElement, isElement } from '../index.ts';

const NOTE = /(?:^|\s)(?:side|margin)-?note(?:\s|$)/i;
const PARAGRAPHS = new Set([
  'p',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'ul',
  'ol',
  'dl',
  'pre',
  'blockquote',
  'table',
]);
/** How far around a note its block is looked for. */
const MAX_LEVELS = 12;

/** How a note is marked between finding it and placing it. */
const MARK = 'data-side-note';

/** A note in the margin, and the check box that shows it where there is no margin. */
interface SideNote {
  box: Element;
  note: Element;
}

function nextElement(node: ChildNode): Element | null {
  let { next } = node;
  while (next !== null && isText(next) && next.data.trim() === '') next = next.next;
  return isElement(next) ? next : null;
}

function sideNoteOf(label: Element): SideNote | null {
  if (label.name !== 'label') return null;
  const box = nextElement(label);
  const isBox = box?.name === 'input' && box.attribs['type']?.toLowerCase() === 'checkbox';
  if (!isBox || box.attribs['id'] === undefined || box.attribs['id'] !== label.attribs['for']) return null;
  const note = nextElement(box);
  return note !== null && NOTE.test(note.attribs['class'] ?? '') ? { box, note } : null;
}

/** The paragraph, or the like, that an element stands in. */
function paragraphAround(note: Element): Element | null {
  let at: Element = note;
  for (let i = 0; i < MAX_LEVELS && isElement(at.parent); i++) {
    at = at.parent;
    if (isBlock(at)) return at;
  }
  return null;
}

/** What stands in the place of nodes. */
class Replacements {
  readonly #nodes = new Map<ChildNode, ChildNode[]>();
  readonly #parents = new Set<Element>();

  set(node: ChildNode, by: ChildNode[]): void {
    this.#nodes.set(node, by);
    if (isElement(node.parent)) this.#parents.add(node.parent);
  }

  apply(): void {
    for (const parent of this.#parents)
      adopt(
        parent,
        parent.children.flatMap((child) => this.#nodes.get(child) ?? [child]),
      );
  }
}

/** Puts references in the places of notes, and returns the notes by the paragraphs around them. */
function refer(notes: readonly Element[]): Map<Element, Element[]> {
  const replacements = new Replacements();
  const bodies = new Map<Element, Element[]>();
  for (const [i, note] of notes.entries()) {
    const paragraph = paragraphAround(note);
    if (paragraph === null) continue;
    const id = `fn:sn${i + 1}`;
    const link = element('a', { href: `#${id}` }, [String(i + 1)]);
    replacements.set(note, [element('sup', {}, [link])]);
    const body = element('div', { id }, note.children);
    const others = bodies.get(paragraph);
    if (others === undefined) bodies.set(paragraph, [body]);
    else others.push(body);
  }
  replacements.apply();
  return bodies;
}

/**
 * Finds notes that stand in the margin of the lines which they belong to, by the check boxes that
 * show them: these go with all that is no content.
 */
export function markSideNotes(nodes: ChildNode[]): void {
  const replacements = new Replacements();
  eachElement(nodes, (label) => {
    const sideNote = sideNoteOf(label);
    if (sideNote === null) return;
    sideNote.note.attribs[MARK] = '';
    replacements.set(label, []);
    replacements.set(sideNote.box, []);
  });
  replacements.apply();
}

/** Makes footnotes of the notes that were marked. */
export function placeSideNotes(nodes: ChildNode[]): void {
  const notes: Element[] = [];
  eachElement(nodes, (note) => {
    if (note.attribs[MARK] !== undefined) notes.push(note);
  });
  const behind = new Replacements();
  for (const [paragraph, bodies] of refer(notes))
    if (PARAGRAPHS.has(paragraph.name) && isElement(paragraph.parent))
      behind.set(paragraph, [paragraph, ...bodies]);
    else adopt(paragraph, [...paragraph.children, ...bodies]);
  behind.apply();
}
