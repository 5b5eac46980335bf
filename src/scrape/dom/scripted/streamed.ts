import { isComment, type ChildNode, type Document, type Element } from 'domhandler';
import { adopt, eachElement } from '../index.ts';

/** Where something is to come, and what has come for it: with the same number. */
const PLACE = /^[BP]:[\da-f]+$/;
const PART = /^S:[\da-f]+$/;
/** The comments around what stands in a place of kind `B` for the time being. */
const OPENS = /^\$[?~!]?$/;
const CLOSES = '/$';
/** Each costs as much as its place has siblings. No page of people has nearly as many. */
const MAX_PARTS = 500;

/**
 * Puts the parts of a page that React has streamed where they belong. Its server sends the frame of
 * the page first and, hidden at the end, what came later, for a script to move.
 */
export function placeStreamed(document: Document): void {
  const places = new Map<string, Element>();
  const parts: Element[] = [];
  eachElement(document.children, (element) => {
    const { name, attribs } = element;
    const id = attribs['id'] ?? '';
    if (name === 'template' && PLACE.test(id)) places.set(numberOf(element), element);
    else if (attribs['hidden'] !== undefined && PART.test(id)) parts.push(element);
  });
  for (const part of parts.slice(0, MAX_PARTS)) {
    const place = places.get(numberOf(part));
    if (place && !isWithin(place, part)) move(part, place);
  }
}

const numberOf = ({ attribs }: Element): string => attribs['id']!.slice(2);

function move(part: Element, place: Element): void {
  const parent = place.parent!;
  const siblings = parent.children;
  const at = siblings.indexOf(place);
  const end = place.attribs['id']!.startsWith('B') ? closing(siblings, at + 1) : at + 1;
  const before = siblings.slice(0, at);
  adopt(parent, [...before, ...part.children, ...siblings.slice(end)]);
  part.children = [];
}

/** Where the comment stands that ends a place; behind its siblings where none does. */
function closing(siblings: ChildNode[], from: number): number {
  let depth = 0;
  for (let i = from; i < siblings.length; i++) {
    const node = siblings[i]!;
    if (!isComment(node)) continue;
    if (node.data === CLOSES && depth-- === 0) return i;
    if (OPENS.test(node.data)) depth++;
  }
  return siblings.length;
}

function isWithin(place: Element, part: Element): boolean {
  let node = place.parent;
  while (node !== null && node !== part) node = node.parent;
  return node === part;
}
