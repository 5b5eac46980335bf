import { resolveHttpUrl } from '../formats/links.ts';
import { checkLength } from '../long-text/fragment-size.ts';
import { fenced, plainMetadata, preformatted, QUIET, type Content } from './content.ts';

/** Media subtypes of code, with the language name for Markdown fences. */
const LANGUAGES: Record<string, string> = {
  css: 'css',
  ecmascript: 'javascript',
  javascript: 'javascript',
  json5: 'json5',
  jsonl: 'json',
  jsonlines: 'json',
  latex: 'latex',
  ndjson: 'json',
  perl: 'perl',
  python: 'python',
  sh: 'sh',
  sql: 'sql',
  toml: 'toml',
  typescript: 'typescript',
  yaml: 'yaml',
};

/** Text that Markdown would change: indentation, and characters that are syntax. */
const MARKUP =
  /^(?: {4}| {0,3}\t)[ \t]*\S|^ {0,3}(?:#{1,6}(?:\s|$)|>|[=~-]{3,})|[*`<\\[\]|]|(?<!\w)_|_(?!\w)|~~|&#?\w{1,20};/m;

/** Syntax that only Markdown uses: some text/plain bodies are Markdown. */
const MARKDOWN_LINK = /\]\(\S/;

/** Whether a Markdown renderer shows the text as intended. */
function readsAsItIs(text: string): boolean {
  return !MARKUP.test(text) || MARKDOWN_LINK.test(text);
}

/** What ends a sentence, or a part of one, and hardly an address. */
const PUNCTUATION = '.,;:!?*_~…’‘）（！？：；';
/** Quotation marks, and stops of scripts without spaces: an address ends before them. */
const ENDS = '“”„«»‹›。、，「」『』【】《》〈〉';
const ADDRESS = new RegExp(`\\bhttps?://[^\\s<>"'\`[\\]{}|\\\\^${ENDS}]{1,2048}`, 'gi');

/**
 * The URL without the punctuation of the sentence that it ends. Parentheses in pairs belong to the
 * URL.
 */
function withoutPunctuation(url: string): string {
  let open = 0;
  for (const char of url) open += char === '(' ? 1 : char === ')' ? -1 : 0;
  let end = url.length;
  for (
    let last = url[end - 1]!;
    PUNCTUATION.includes(last) || (last === ')' && open < 0);
    last = url[end - 1]!
  ) {
    if (last === ')') open++;
    end--;
  }
  return url.slice(0, end);
}

/**
 * The absolute http(s) URLs in running text, each once, in order. Throws PageError `too_large` for
 * more than fit in a page block.
 */
export function urlsIn(text: string): string[] {
  const found = new Set<string>();
  let chars = 0;
  for (const [match] of text.matchAll(ADDRESS)) {
    const url = resolveHttpUrl(withoutPunctuation(match), match);
    if (url === null || found.has(url)) continue;
    checkLength((chars += url.length));
    found.add(url);
  }
  return [...found];
}

/**
 * Plain text, unchanged in every format; in Markdown a fence holds code and what would be read as
 * markup.
 */
export function readText(text: string, type: string | null): Content {
  const subtype = type?.split('/')[1]?.replace(/^x-/, '').replace('-', '') ?? '';
  const language = Object.hasOwn(LANGUAGES, subtype) ? LANGUAGES[subtype]! : null;
  return {
    ...QUIET,
    markdown: () => (language === null && readsAsItIs(text) ? text : fenced(text, language ?? '')),
    html: () => preformatted(text),
    text: () => text,
    links: urlsIn(text),
    metadata: plainMetadata(),
  };
}
