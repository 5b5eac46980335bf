import type { Writers } from '../support/competitors.ts';

/** Each is loaded on use: a process measures one of them. */
export const writers: Writers = {
  turndown: async () => {
    // @ts-expect-error: it has no type declarations
    const { default: Turndown } = await import('turndown');
    return (html) => new Turndown().turndown(html);
  },
  'node-html-markdown': async () => {
    const { NodeHtmlMarkdown } = await import('node-html-markdown');
    return (html) => NodeHtmlMarkdown.translate(html);
  },
  mdream: async () => {
    const { htmlToMarkdown } = await import('mdream');
    return (html) => htmlToMarkdown(html);
  },
};
