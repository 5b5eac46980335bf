import { readFileSync } from 'node:fs';
import MarkdownIt from 'markdown-it';
import { Html } from '../../http/html/html.ts';

/** The chapters of the manual in reading order: the file's name without `.md`, and the title. */
export const CHAPTERS = [
  ['tour', 'Tour'],
  ['receiving', 'Receiving'],
  ['api', 'API'],
  ['clients', 'Clients'],
  ['crawling', 'Crawling'],
  ['schedules', 'Schedules'],
  ['rendering', 'Rendering'],
  ['firecrawl', "Firecrawl's API"],
  ['proxies', 'Proxies and logins'],
  ['mcp', 'MCP'],
  ['command-line', 'Command line'],
  ['console', 'Console'],
  ['configuration', 'Configuration'],
  ['operations', 'Operations'],
  ['sql', 'SQL'],
  ['security', 'Security'],
  ['changelog', 'Changelog'],
] as const;
export type Chapter = (typeof CHAPTERS)[number][0];

export function isChapter(name: string): name is Chapter {
  return CHAPTERS.some(([chapter]) => chapter === name);
}

const rendered = new Map<Chapter, Html>();

/** A chapter as HTML. The files are part of the program, so each is rendered once. */
export function chapterHtml(chapter: Chapter): Html {
  let html = rendered.get(chapter);
  if (!html) {
    const text = readFileSync(new URL(`${chapter}.md`, import.meta.url), 'utf8');
    rendered.set(chapter, (html = new Html(createRenderer().render(text))));
  }
  return html;
}

/**
 * GitHub's Markdown, with its anchors for headings; a link to another chapter's file leads to its
 * page.
 */
function createRenderer() {
  const markdown = new MarkdownIt({ html: false });
  markdown.core.ruler.push('pages', ({ tokens }) => {
    for (const [n, token] of tokens.entries()) {
      if (token.type === 'heading_open') token.attrSet('id', anchorOf(tokens[n + 1]!.content));
      if (token.type === 'fence') token.attrSet('tabindex', '0');
      for (const child of token.children ?? []) {
        const href = child.attrGet('href');
        if (href !== null) child.attrSet('href', pageOf(String(href)));
      }
    }
  });
  markdown.renderer.rules.fence = (tokens, n) =>
    `<pre tabindex="0"><code>${markdown.utils.escapeHtml(tokens[n]!.content)}</code></pre>\n`;
  markdown.renderer.rules.table_open = () => '<div class="table" tabindex="0"><table>\n';
  markdown.renderer.rules.table_close = () => '</table></div>\n';
  // Comments mark code for the tests; the renderer would show them as text.
  markdown.block.ruler.before('paragraph', 'comment', (state, line) => {
    const text = state.src.slice(state.bMarks[line], state.eMarks[line]);
    if (!text.startsWith('<!--') || !text.endsWith('-->')) return false;
    state.line = line + 1;
    return true;
  });
  return markdown;
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function pageOf(href: string): string {
  const [, name, fragment] = /^([a-z-]+)\.md(#.*)?$/.exec(href) ?? [];
  return name === undefined || !isChapter(name) ? href : `/docs/manual/${name}${fragment ?? ''}`;
}
