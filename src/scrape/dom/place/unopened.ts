import type { ChildNode, Element } from 'domhandler';
import { adopt, eachElement, isElement } from '../index.ts';

/** Whether an element is shown by a click alone: a dialog that is closed, a popover. */
function isUnopened(node: ChildNode): boolean {
  if (!isElement(node)) return false;
  const { name, attribs } = node;
  return (name === 'dialog' && attribs['open'] === undefined) || attribs['popover'] !== undefined;
}

/** The nodes without what opens over the page, unless they are nothing else. */
export function withoutUnopened(nodes: ChildNode[]): ChildNode[] {
  const parents = new Set<Element>();
  eachElement(nodes, (element) => {
    if (isElement(element.parent) && isUnopened(element)) parents.add(element.parent);
  });
  for (const parent of parents)
    adopt(
      parent,
      parent.children.filter((child) => !isUnopened(child)),
    );
  const kept = nodes.filter((node) => !isUnopened(node));
  return kept.some(isElement) ? kept : nodes;
}
