import type { ChildNode, Element } from 'domhandler';
import { isElement, isText, textContent } from './index.ts';
import { BLOCK_ELEMENTS, NOT_TEXT } from './elements.ts';
import { inPieces } from '../long-text/in-pieces.ts';
import { TextBuilder } from '../long-text/text-builder.ts';
import { withoutInvisible } from './invisible.ts';

/**
 * Classes of the line numbers that highlighters put beside code. A block of code may bear them too.
 */
const LINE_NUMBERS =
  /(?:^|\s)(?:(?:CodeMirror-)?gutter(?:-wrapper)?|CodeMirror-linenumber|line-?nos?|line-?nums?|line-?numbers?(?:-rows)?|lnt?|hljs-ln-(?:numbers|n)|blob-num|(?:rouge|crayon)-(?:gutter|nums)|react-syntax-highlighter-line-number)(?:\s|$)/i;
/** Classes of the buttons that copy code. */
const COPY_BUTTON = /(?:^|\s)(?:code-?copy|copy-?(?:btn|button))(?:\s|$)/i;
/** Numbers and what sets them apart. */
const NUMBERS = /^[\s\d.:|·]*$/;

/** Classes of elements that are one line of code each. */
const LINE =
  /(?:^|\s)(?:line|code-?line|view-line|token-line|cl|cm-line|CodeMirror-line|hljs-ln-line|react-code-line|blob-code(?:-inner)?)(?:\s|$)/;

/** `language-x` and the like; failing that, the word after the name of a highlighter. */
const PREFIXED_LANGUAGE =
  /(?:^|\s)(?:language|lang|highlight-source|highlight-text|shj-lang)-([\p{L}\p{N}_+#.-]+)/iu;
const FOLLOWING_LANGUAGE =
  /(?:^|\s)(?:brush:|(?:sourceCode|hljs|highlight|prettyprint|syntaxhighlighter(?:\s+nogutter)?)\s|highlight-)\s*([\p{L}\p{N}_+#.-]+)/iu;

const SHORT_LANGUAGES = new Set(
  'c c++ c# cpp css f# go js jsx php py rb sh sql ts tsx vue xml yml'.split(' '),
);
const NO_LANGUAGE = new Set(
  'text plain plaintext tab-size linenums none nohighlight no-highlight default notranslate auto txt highlight hljs block wrapper container copy code-block example'.split(
    ' ',
  ),
);

/** True for a cell or box that holds line numbers or buttons rather than code. */
export function isGutter(element: Element): boolean {
  const { name, attribs } = element;
  if (name === 'button' || attribs['aria-hidden'] === 'true') return true;
  const names = attribs['class'];
  if (names === undefined) return false;
  return COPY_BUTTON.test(names) || (LINE_NUMBERS.test(names) && NUMBERS.test(textContent(element)));
}

/**
 * Code with plain spaces, and without characters that show nothing: no-break spaces only keep its
 * indentation from collapsing.
 */
export function plainSpaces(code: string): string {
  return withoutInvisible(inPieces(code, (piece) => piece.replaceAll('\u00A0', ' ')));
}

/** Boxes that editors show code in, without a `<pre>` around it. */
const EDITOR = /(?:^|\s)(?:cm-content|CodeMirror-code|view-lines|ace_text-layer)(?:\s|$)/;

/** Whether an element is the text of a code editor. */
export function isEditor({ name, attribs }: Element): boolean {
  return name === 'div' && attribs['class'] !== undefined && EDITOR.test(attribs['class']);
}

class CodeReader {
  readonly #out = new TextBuilder();
  /** A line has ended, but the newline that ends it may still come in the source. */
  #lineEnded = false;
  #atLineStart = true;

  read(nodes: ChildNode[]): void {
    for (const node of nodes) {
      if (isText(node)) this.#text(node.data);
      else if (isElement(node)) this.#element(node);
      else if ('children' in node) this.read(node.children);
    }
  }

  #element(element: Element): void {
    const { name, attribs } = element;
    if (name === 'br') return this.#newline();
    if (NOT_TEXT.has(name) || isGutter(element)) return;
    const isCell = name === 'td' || name === 'th';
    const isLine = !isCell && (BLOCK_ELEMENTS.has(name) || (name === 'span' && isLineSpan(attribs)));
    if (isLine && (this.#lineEnded || (name !== 'span' && !this.#atLineStart))) this.#newline();
    const before = this.#out.length;
    this.read(element.children);
    const isEmptyLine = name === 'span' && this.#out.length === before;
    if (isLine && (isEmptyLine || !this.#atLineStart)) this.#lineEnded = true;
  }

  #text(data: string): void {
    if (data === '') return;
    if (this.#lineEnded && data[0] !== '\n' && data[0] !== '\r') this.#newline();
    this.#lineEnded = false;
    this.#out.add(data);
    this.#atLineStart = data.endsWith('\n');
  }

  #newline(): void {
    this.#out.add('\n');
    this.#lineEnded = false;
    this.#atLineStart = true;
  }

  toString(): string {
    return plainSpaces(lineFeeds(this.#out.toString()));
  }
}

function lineFeeds(code: string): string {
  return code.includes('\r') ? inPieces(code, (piece) => piece.replace(/\r\n?/g, '\n')) : code;
}

function isLineSpan(attribs: Record<string, string>): boolean {
  if (attribs['data-line'] !== undefined) return true;
  if (attribs['class'] !== undefined && LINE.test(attribs['class'])) return true;
  return attribs['style'] !== undefined && /display\s*:\s*(?:block|flex|grid)/.test(attribs['style']);
}

/**
 * Whether code begins with the line break that HTML drops after `<pre>`; one after `<code>` is part
 * of the code.
 */
function opensWithBreak(element: Element): boolean {
  let at = element;
  let [first] = at.children;
  while (isElement(first)) [at, [first]] = [first, first.children];
  return isText(first) && /^\r?\n/.test(first.data) && at.name !== 'code' && at.name !== 'span';
}

/**
 * The code in a `<pre>`, `<code>` or code table. Keeps line breaks in whatever markup makes them;
 * drops line numbers, buttons, the first line break and the blank lines at the end.
 */
export function codeText(element: Element): string {
  const reader = new CodeReader();
  reader.read(element.children);
  const code = reader.toString();
  let end = code.length;
  while (end > 0 && (code[end - 1] === '\n' || code[end - 1] === ' ' || code[end - 1] === '\t')) end--;
  const lineEnd = code.indexOf('\n', end);
  const trimmed = code.slice(0, lineEnd === -1 ? code.length : lineEnd);
  return opensWithBreak(element) ? trimmed.slice(1) : trimmed;
}

/** The `lang` of code, unless it may be a natural language. */
function languageOfAttribute(lang = ''): string | null {
  if (SHORT_LANGUAGES.has(lang.toLowerCase())) return lang;
  return /^[\w+#.-]{4,30}$/.test(lang) && !/^[a-z]{2,3}-/i.test(lang) ? lang : null;
}

function languageIn({ name, attribs }: Element): string | null {
  for (const source of ['data-lang', 'data-language', 'data-code-lang', 'data-enlighter-language']) {
    const value = attribs[source]?.trim().toLowerCase();
    if (value !== undefined && /^[\w+#.-]+$/.test(value)) return value;
  }
  const names = attribs['class'] ?? '';
  const named = (PREFIXED_LANGUAGE.exec(names) ?? FOLLOWING_LANGUAGE.exec(names))?.[1];
  return named ?? (name === 'pre' || name === 'code' ? languageOfAttribute(attribs['lang']) : null);
}

function firstCode(pre: Element): Element | undefined {
  return pre.children.find((child): child is Element => isElement(child) && child.name === 'code');
}

/**
 * The language that the markup names for a `<pre>`: on it, on its `<code>`, or on one of the boxes
 * around it. Empty where there is none.
 */
export function codeLanguage(pre: Element): string {
  const code = firstCode(pre);
  const places: Element[] = code === undefined ? [pre] : [code, pre];
  let box = pre.parent;
  for (
    let i = 0;
    i < 3 && isElement(box) && /^(?:div|figure|td|tr|tbody|table|section)$/.test(box.name);
    i++
  ) {
    places.push(box);
    box = box.parent;
  }
  for (const place of places) {
    const language = languageIn(place);
    if (language !== null && !NO_LANGUAGE.has(language.toLowerCase())) return language;
  }
  return '';
}
