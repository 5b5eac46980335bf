import type { ChildNode, Element, ParentNode } from 'domhandler';

/** Makes the nodes the children of the parent, in this order. */
export function adopt(parent: ParentNode, children: ChildNode[]): void {
  parent.children = children;
  for (const [i, child] of children.entries()) {
    child.parent = parent;
    child.prev = children[i - 1] ?? null;
    child.next = children[i + 1] ?? null;
  }
}

/** Moves an element that has no sibling after it to the end of a parent. */
export function moveLast(parent: ParentNode, element: Element): void {
  if (element.prev !== null) element.prev.next = null;
  element.parent?.children.pop();
  element.prev = parent.children.at(-1) ?? null;
  if (element.prev !== null) element.prev.next = element;
  element.parent = parent;
  parent.children.push(element);
}
