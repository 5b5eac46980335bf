import type { ChildNode, Element } from 'domhandler';
import { BlockList } from '../../documents/office/blocks/lists.ts';
import { adopt, eachElement, isBlank, isElement, textContent } from '../index.ts';

/** How Word marks a paragraph as an item: `mso-list:l0 level2 lfo1`. */
const ITEM = /(?:^|;)\s{0,20}mso-list\s{0,20}:\s{0,20}l\d{1,9}\s{1,20}level(\d)/i;
/** How it marks the bullet or number that it wrote before the text. */
const MARKER = /mso-list\s{0,20}:\s{0,20}ignore/i;
const NUMBER = /^[\s(]*(\d{1,9}|[a-z]{1,3}|[ivxlcdm]{1,8})[.)]/i;
/** How Google Docs marks a list: the class of its kind, and how deep it is. */
const DEPTH = /(?:^|\s)lst-kix_\w{1,40}-(\d)(?:\s|$)/;
const MAX_STYLE = 2000;
const MAX_MARKER_NODES = 20;

/** The level of a paragraph that Word shows as an item, or null. */
function itemLevel(node: ChildNode): number | null {
  if (!isElement(node)) return null;
  const style = node.attribs['style'];
  const level = style === undefined ? undefined : ITEM.exec(style.slice(0, MAX_STYLE))?.[1];
  return level === undefined ? null : Number(level) - 1;
}

/** Takes the marker out of an item and returns its text. */
function takeMarker(item: Element): string {
  const stack: ChildNode[] = item.children.toReversed();
  for (let left = MAX_MARKER_NODES, node = stack.pop(); node !== undefined && left > 0; left--) {
    if (isElement(node)) {
      if (MARKER.test(node.attribs['style'] ?? '')) {
        const text = textContent(node);
        adopt(node, []);
        return text;
      }
      stack.push(...node.children.toReversed());
    }
    node = stack.pop();
  }
  return '';
}

function addItem(lists: BlockList, item: Element, level: number): void {
  const number = NUMBER.exec(takeMarker(item))?.[1];
  const start = Number(number);
  lists.item({
    level,
    ordered: number !== undefined,
    ...(start > 1 && { start }),
    content: item.children,
  });
}

/** The level of a list of Google Docs, or null. */
function listLevel(node: ChildNode): number | null {
  if (!isElement(node) || (node.name !== 'ul' && node.name !== 'ol')) return null;
  const depth = DEPTH.exec(node.attribs['class'] ?? '')?.[1];
  return depth === undefined ? null : Number(depth);
}

function addList(lists: BlockList, list: Element, level: number): void {
  const ordered = list.name === 'ol';
  const start = Number(list.attribs['start']);
  for (const item of list.children)
    if (isElement(item)) lists.item({ level, ordered, ...(start > 1 && { start }), content: item.children });
}

/** The children of an element, those in a row that are items or flat lists put into lists. */
function withLists(children: ChildNode[]): ChildNode[] {
  const placed: ChildNode[] = [];
  let lists: BlockList | null = null;
  for (const child of children) {
    const [item, list] = [itemLevel(child), listLevel(child)];
    if (item !== null) addItem((lists ??= new BlockList()), child as Element, item);
    else if (list !== null) addList((lists ??= new BlockList()), child as Element, list);
    else if (lists === null) placed.push(child);
    else if (!isBlank(child)) {
      placed.push(...lists.take(), child);
      lists = null;
    }
  }
  if (lists !== null) placed.push(...lists.take());
  return placed;
}

const isFlat = (node: ChildNode): boolean => itemLevel(node) !== null || listLevel(node) !== null;

/**
 * Nests the lists that word processors write as paragraphs, or as one flat list after the other.
 */
export function placeWordLists(nodes: ChildNode[]): ChildNode[] {
  const parents = new Set<Element>();
  eachElement(nodes, (element) => {
    if (isElement(element.parent) && isFlat(element)) parents.add(element.parent);
  });
  for (const parent of parents) adopt(parent, withLists(parent.children));
  return nodes.some(isFlat) ? withLists(nodes) : nodes;
}
