import { isText, type ChildNode, type Document, type Element } from 'domhandler';
import { findOne } from 'domutils';
import { isElement } from '../dom/index.ts';

/** What may stand in `<head>` without ending it (HTML Standard, section 13.2.6.4.4). */
const METADATA = new Set(
  'base basefont bgsound link meta title noscript noframes style script template'.split(' '),
);

function endsHead(node: ChildNode): boolean {
  return isElement(node) ? !METADATA.has(node.name) : isText(node) && node.data.trim() !== '';
}

/**
 * Moves what follows the metadata out of a `<head>` that was never closed, to behind it, as a
 * browser would have put it.
 */
export function closeHead(document: Document): void {
  const head: Element | null = findOne(({ name }) => name === 'head', document.children);
  const first = head?.children.findIndex(endsHead) ?? -1;
  if (!head || first === -1) return;
  const moved = head.children.splice(first);
  const siblings = head.parent?.children ?? document.children;
  const at = siblings.indexOf(head) + 1;
  const all = [...siblings.slice(0, at), ...moved, ...siblings.slice(at)];
  if (head.parent) head.parent.children = all;
  for (const node of moved) node.parent = head.parent;
  for (const list of [head.children, all]) {
    for (const [i, node] of list.entries()) {
      node.prev = list[i - 1] ?? null;
      node.next = list[i + 1] ?? null;
    }
  }
}
