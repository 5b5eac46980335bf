import type { ChildNode } from 'domhandler';
import MarkdownIt from 'markdown-it';
import { isElement, isText, parseHtml } from '../../src/scrape/dom/index.ts';

const commonmark = new MarkdownIt({ html: true });

/** The HTML that a CommonMark renderer with GFM tables and strikethrough makes of `markdown`. */
export function renderMarkdown(markdown: string): string {
  return commonmark.render(markdown);
}

const BLOCKS = /^(?:p|div|h[1-6]|ul|ol|li|blockquote|pre|table|thead|tbody|tr|td|th|hr|br|dl|dt|dd)$/;
const SPACE = /^\s$/;

/** The text of HTML with every run of white space, and every edge of a block, as one space. */
export function normalizedText(html: string): string {
  const out: string[] = [];
  const walk = (nodes: ChildNode[]): void => {
    for (const node of nodes) {
      if (isText(node)) out.push(node.data);
      if (!isElement(node)) continue;
      const edge = BLOCKS.test(node.name) ? ' ' : '';
      out.push(edge);
      walk(node.children);
      out.push(edge);
    }
  };
  walk(parseHtml(html).children);
  return out.join('').replace(/\s+/g, ' ').trim();
}

const STRUCTURE: Record<string, string> = { i: 'em', b: 'strong', s: 'del', th: 'td' };
const STRUCTURAL = /^(?:em|strong|del|code|a|h[1-6]|ul|ol|li|blockquote|pre|td|tr)$/;

/**
 * Every letter and digit of HTML with the elements around it: what an equal structure has in
 * common, punctuation and white space apart.
 */
export function structure(html: string, base: string): string[] {
  const out: string[] = [];
  const walk = (nodes: ChildNode[], path: readonly string[]): void => {
    for (const node of nodes) {
      if (isText(node)) {
        const inCode = path.includes('code') || path.includes('pre');
        for (const char of node.data) {
          if (!SPACE.test(char) && (inCode || /[\p{L}\p{N}]/u.test(char)))
            out.push(`${char} ${marksOf(path)}`);
        }
      }
      if (!isElement(node)) continue;
      const name = STRUCTURE[node.name] ?? node.name;
      if (!STRUCTURAL.test(name)) walk(node.children, path);
      else
        walk(node.children, [
          ...path,
          name === 'a' ? `a(${target(node.attribs['href'] ?? '', base)})` : name,
        ]);
    }
  };
  walk(parseHtml(html).children, []);
  return out;
}

/** An address in the one form that it has after resolving, whatever was percent-encoded. */
function target(href: string, base: string): string {
  const url = URL.parse(href, base)?.href ?? href;
  return url.replace(/%(?:5[BbCcDd]|60|7C)/g, (code) => decodeURIComponent(code));
}

/** Blocks in their order, inline formats as a set: their nesting carries no meaning. */
function marksOf(path: readonly string[]): string {
  const inline = new Set(path.filter((name) => /^(?:em|strong|del|code|a\(.*)$/.test(name)));
  const blocks = path.filter((name) => !inline.has(name));
  if (blocks.includes('pre')) inline.delete('code');
  return `${blocks.join('>')} ${[...inline].toSorted().join('+')}`;
}
