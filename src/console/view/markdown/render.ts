import MarkdownIt, { type Token } from 'markdown-it';
import { escapeHtml, safeHref } from '../../../http/html/html.ts';

const markdownIt = new MarkdownIt({ html: false, linkify: false });
const { renderer } = markdownIt;

markdownIt.validateLink = (url) => safeHref(url) !== null;

/** The page has a heading, and so has the section that shows the text: an `#` becomes an `h3`. */
markdownIt.core.ruler.push('headings', ({ tokens }) => {
  for (const token of tokens)
    if (token.type.startsWith('heading_')) token.tag = `h${Math.min(Number(token.tag[1]) + 2, 6)}`;
});

const ELSEWHERE = 'rel="noopener noreferrer nofollow" target="_blank"';
const addressOf = (token: Token, name: 'href' | 'src') => String(token.attrGet(name) ?? '');
const linkTo = (url: string) => `<a href="${escapeHtml(safeHref(url) ?? '')}" ${ELSEWHERE}>`;

renderer.rules.link_open = (tokens, at) => linkTo(addressOf(tokens[at]!, 'href'));
/** A link to the image: nothing is loaded from another host. */
renderer.rules.image = (tokens, at, options, env) => {
  const url = addressOf(tokens[at]!, 'src');
  const text = renderer.renderInlineAsText(tokens[at]!.children ?? [], options, env).trim();
  return `<span class="image">image: ${linkTo(url)}${escapeHtml(text === '' ? url : text)}</a></span>`;
};
renderer.rules.fence = code;
renderer.rules.code_block = code;
renderer.rules.table_open = () =>
  '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table class="plain">';
renderer.rules.table_close = () => '</table></div>';
renderer.rules.th_open = () => '<th scope="col">';
renderer.rules.td_open = () => '<td>';

/** Scrolled sideways where it is wide, by keyboard as well. */
function code(tokens: Token[], at: number): string {
  return `<pre tabindex="0"><code>${escapeHtml(tokens[at]!.content)}</code></pre>`;
}

/**
 * Markdown (CommonMark, tables, strikethrough) as HTML. HTML in it is shown as text, and an image
 * as a link. Hostile text can take quadratic time: only the render thread calls this.
 */
export function render(markdown: string): string {
  return markdownIt.render(markdown);
}
