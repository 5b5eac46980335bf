import type { ChildNode } from 'domhandler';
import { MarkdownRenderer } from './renderer.ts';

/**
 * GitHub Flavored Markdown (CommonMark 0.31 with tables, strikethrough, task lists and footnotes) of the nodes, links and images absolute
 * against `base`. Takes time and space linear in the input. Subscripts and superscripts stay HTML, and so do line breaks in table cells.
 */
export function toMarkdown(nodes: ChildNode[], base: string): string {
  const renderer = new MarkdownRenderer(base, nodes);
  renderer.children(nodes);
  renderer.flush();
  return renderer.writer.toString();
}
