import { type ChildNode, type Document, type Element, type Text } from 'domhandler';
import { BoundedParser, type Syntax } from './parser/bounded-parser.ts';
import { TreeBuilder } from './parser/tree-builder.ts';
import { NOT_TEXT } from './elements.ts';

export { adopt } from './adopt.ts';
export { MAX_DEPTH } from './parser/open-elements.ts';

/**
 * Parses HTML in linear time into a tree at most MAX_DEPTH elements deep. Never throws on malformed
 * input.
 */
export function parseHtml(html: string, syntax: Syntax = 'html'): Document {
  const handler = new TreeBuilder(null, { withStartIndices: false, withEndIndices: false });
  const parser = new BoundedParser(handler, syntax);
  parser.write(html);
  parser.end();
  return handler.root;
}

/** True for elements (also script and style, which domhandler types apart). */
export function isElement(node: { type: string } | null | undefined): node is Element {
  return node != null && (node.type === 'tag' || node.type === 'script' || node.type === 'style');
}

/** True for text nodes. */
export function isText(node: { type: string } | null | undefined): node is Text {
  return node != null && node.type === 'text';
}

/** True for what shows nothing between elements: white space and comments. */
export function isBlank(node: ChildNode): boolean {
  return isText(node) ? node.data.trim() === '' : !isElement(node);
}

/** All text below the node, as it stands in the source. */
export function textContent(node: ChildNode): string {
  return collectText(node, () => true);
}

/** Like textContent, without what is never text of the page, such as scripts. */
export function visibleText(node: ChildNode): string {
  return collectText(node, ({ name }) => !NOT_TEXT.has(name));
}

function collectText(root: ChildNode, enters: (element: Element) => boolean): string {
  const out: string[] = [];
  const stack: ChildNode[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (isText(node)) out.push(node.data);
    else if ('children' in node && (!isElement(node) || enters(node))) {
      for (let i = node.children.length; i-- > 0;) stack.push(node.children[i]!);
    }
  }
  return out.join('');
}

/** Calls `visit` for every element below `nodes`, in document order, without recursion. */
export function eachElement(nodes: ChildNode[], visit: (element: Element) => void): void {
  const stack: ChildNode[] = nodes.toReversed();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (isElement(node)) visit(node);
    if (!('children' in node)) continue;
    for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]!);
  }
}
