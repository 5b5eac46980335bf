import { escapeText } from '../formats/html.ts';
import { FragmentBudget } from '../long-text/fragment-size.ts';
import type { EmptyReason, Extraction, Format, Metadata, PageImage } from '../types.ts';

/** The content of a body. Each format is rendered when it is requested. */
export interface Content {
  markdown(): string;
  html(): string;
  text(): string;
  links: string[];
  /** The text that it was read from; absent where that is no text. */
  source?: string;
  /** The pictures of an HTML page. */
  images?: PageImage[];
  metadata: Metadata;
  discovered: Extraction['discovered'];
  robots: Extraction['robots'];
  data?: Extraction['data'];
  /** Why the body is not what was asked for but a block page. */
  block?: Extraction['block'];
  /**
   * Why there is no text, where there is none; `needs_javascript` also where all text is a notice
   * of that.
   */
  withoutText?: EmptyReason;
  /** Whether a browser would find more to read. */
  needsBrowser?: boolean;
}

/** Metadata of content that declares none, with the given values. */
export function plainMetadata(known: Partial<Metadata> = {}): Metadata {
  return { title: null, description: null, language: null, canonical_url: null, ...known };
}

/** Content without links and robots directives. */
export const QUIET = { links: [], discovered: [], robots: { noindex: false, nofollow: false } };

/** Text as HTML that shows it unchanged. */
export function preformatted(text: string): string {
  if (text === '') return '';
  return `<pre>${escapeText(text)}</pre>`;
}

/** A Markdown code block that no line of the text can end. */
export function fenced(text: string, language: string): string {
  if (text === '') return '';
  let longest = 2;
  for (const [ticks] of text.matchAll(/`{3,}/g)) longest = Math.max(longest, ticks.length);
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.replace(/\n$/, '')}\n${fence}`;
}

/**
 * The requested parts of the content. Throws PageError `too_large` where they fit in no page block.
 */
export function pick(content: Content, formats: Format[]): Extraction {
  const { links, images = [], source = null, metadata, data, discovered, robots, block = null } = content;
  // One after the other, so that what has no room any more is not made.
  const budget = new FragmentBudget();
  const made = {
    ...(formats.includes('markdown') && { markdown: budget.take(content.markdown()) }),
    ...(formats.includes('html') && { html: budget.take(content.html()) }),
    ...(formats.includes('text') && { text: budget.take(content.text()) }),
  };
  const empty = emptyReason(content, made);
  const { needsBrowser = false } = content;
  return {
    ...made,
    ...(formats.includes('raw_html') && { raw_html: source && budget.take(source) }),
    ...(formats.includes('links') && { links }),
    ...(formats.includes('images') && { images }),
    ...(data && { data }),
    metadata,
    discovered,
    robots,
    block,
    empty,
    needsBrowser,
  };
}

type MadeFormats = Pick<Extraction, 'markdown' | 'html' | 'text'>;

function emptyReason(
  { withoutText = 'no_text' }: Content,
  { markdown, html, text }: MadeFormats,
): EmptyReason | null {
  const made = text ?? markdown ?? html;
  if (made === undefined) return null;
  if (withoutText === 'needs_javascript') return withoutText;
  const isBlank = text === undefined && markdown === undefined ? !hasText(made) : made.trim() === '';
  return isBlank ? withoutText : null;
}

/** Whether HTML holds anything but tags. */
function hasText(html: string): boolean {
  let inTag = false;
  for (const char of html) {
    if (char === '<') inTag = true;
    else if (char === '>') inTag = false;
    else if (!inTag && char.trim() !== '') return true;
  }
  return false;
}
