import { type ChildNode, Document, Element, type ParentNode, Text } from 'domhandler';
import { discoveredLinks } from '../formats/links.ts';
import { toHtml } from '../formats/html.ts';
import { toMarkdown } from '../markdown/index.ts';
import { toText } from '../formats/text.ts';
import type { Metadata } from '../types.ts';
import { QUIET, type Content } from './content.ts';

/** Makes the nodes the children of the parent, in this order. */
export function adopt(parent: ParentNode, children: ChildNode[]): void {
  parent.children = children;
  for (const [i, child] of children.entries()) {
    child.parent = parent;
    child.prev = children[i - 1] ?? null;
    child.next = children[i + 1] ?? null;
  }
}

/** An element with these children; strings become text. */
export function element(
  name: string,
  attribs: Record<string, string>,
  children: (ChildNode | string)[],
): Element {
  const made = new Element(name, attribs);
  adopt(
    made,
    children.map((child) => (typeof child === 'string' ? new Text(child) : child)),
  );
  return made;
}

/** Content that consists of HTML nodes. */
export function contentOfNodes(nodes: ChildNode[], base: string, metadata: Metadata): Content {
  const document = new Document([]);
  adopt(document, nodes);
  const discovered = discoveredLinks(document, base);
  return {
    ...QUIET,
    markdown: () => toMarkdown(nodes, base),
    html: () => toHtml(nodes, base),
    text: () => toText(nodes),
    links: discovered.map(({ url }) => url),
    discovered,
    metadata,
  };
}
