import { resolveHttpUrl } from '../formats/links.ts';
import { fenced, plainMetadata, preformatted, QUIET, type Content } from './content.ts';

/** Media subtypes that are code, with the language that a Markdown renderer knows them by. */
const LANGUAGES: Record<string, string> = {
  css: 'css',
  ecmascript: 'javascript',
  javascript: 'javascript',
  json5: 'json5',
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

/** What Markdown would not show as it is: indentation, and characters that mean something in it. */
const MARKUP =
  /^(?: {4}| {0,3}\t)[ \t]*\S|^ {0,3}(?:#{1,6}(?:\s|$)|>|[=~-]{3,})|[*`<\\[\]|]|(?<!\w)_|_(?!\w)|~~|&#?\w{1,20};/m;

/** What only Markdown writes so, as many a text of its own kind does that is called plain. */
const MARKDOWN_LINK = /\]\(\S/;

/** Whether a reader of Markdown sees the text as it was meant. */
function readsAsItIs(text: string): boolean {
  return !MARKUP.test(text) || MARKDOWN_LINK.test(text);
}

/** The URL without the punctuation of the sentence that it ends. */
function withoutPunctuation(url: string): string {
  let end = url.length;
  while ('.,;:!?*_~'.includes(url[end - 1]!)) end--;
  return url.slice(0, end);
}

/** The absolute http(s) URLs that stand in running text, each once, in order. */
export function urlsIn(text: string): string[] {
  const found = new Set<string>();
  for (const [match] of text.matchAll(/\bhttps?:\/\/[^\s<>"'`()[\]{}|\\^]{1,2048}/gi)) {
    const url = resolveHttpUrl(withoutPunctuation(match), match);
    if (url !== null) found.add(url);
  }
  return [...found];
}

/** Plain text, unchanged in every format; in Markdown a fence holds code and what would be read as markup. */
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
