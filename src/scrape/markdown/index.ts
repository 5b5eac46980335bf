import type { ChildNode } from 'domhandler';
import { MarkdownRenderer } from './renderer.ts';

/**
 * Renders the nodes as GitHub Flavored Markdown: CommonMark 0.31 with tables, strikethrough, task
 * lists and footnotes. Links and images are resolved against `base`. Time and space are linear in
 * the input. Subscripts, superscripts and line breaks in table cells stay HTML.
 */
export function toMarkdown(nodes: ChildNode[], base: string): string {
  const renderer = new MarkdownRenderer(base, nodes);
  renderer.children(nodes);
  renderer.flush();
  return renderer.writer.toString();
}
