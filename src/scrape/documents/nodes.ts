import { type ChildNode, Document, Element, Text } from 'domhandler';
import { adopt } from '../dom/index.ts';
import { discoveredLinks } from '../formats/links.ts';
import { toHtml } from '../formats/html.ts';
import { toMarkdown } from '../markdown/index.ts';
import { toText } from '../formats/text.ts';
import type { Metadata } from '../types.ts';
import { QUIET, type Content } from './content.ts';

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
