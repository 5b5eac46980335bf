import { inPieces, oneLine } from '../../long-text/in-pieces.ts';

const SPECIAL = /[\\`*_[\]<&~!]/;
const SPECIALS = /[\\`*_[\]<&~!]/g;
const ASCII_PUNCTUATION = /[!-/:-@[-`{-~]/;
const ENTITY = /^&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[a-zA-Z][a-zA-Z\d]{1,31});/;
const TAG = /^[a-zA-Z/!?]/;
/** An email autolink, or the start of one that the following text may complete. */
const EMAIL_AUTOLINK = /^<[^\s<>@]+@[^\s<>@]+>/;
const UNENDED = /^<[^\s<>]*$/;
const SPACE_OR_EDGE = /^\s?$/;
const WORD = /^[\p{L}\p{N}]$/u;

function needsEscape(char: string, before: string, after: string, inLink: boolean): boolean {
  switch (char) {
    case '\\':
      return after === '' || ASCII_PUNCTUATION.test(after);
    case '*':
      return before === '' || !SPACE_OR_EDGE.test(before) || !SPACE_OR_EDGE.test(after);
    case '_':
      if (WORD.test(before) && WORD.test(after)) return false;
      return before === '' || !SPACE_OR_EDGE.test(before) || !SPACE_OR_EDGE.test(after);
    case '[':
      return inLink || after === '^';
    case ']':
      return inLink || after === '(';
    case '~':
      return !SPACE_OR_EDGE.test(before) || after === '~';
    default:
      return true;
  }
}

function opensTag(rest: string, next: string, afterText: string): boolean {
  return (
    TAG.test(next) || EMAIL_AUTOLINK.test(rest) || (UNENDED.test(rest) && !SPACE_OR_EDGE.test(afterText))
  );
}

/**
 * Escapes only what CommonMark or GFM would read as inline syntax in `text`. `before` and `after`
 * are the characters around it, empty at the edges of its line.
 */
export function escapeText(text: string, before: string, after: string, inLink: boolean): string {
  if (!SPECIAL.test(text)) return text;
  const escape = (char: string, at: number): string => {
    const last = at === text.length - 1;
    const previous = at === 0 ? before : text[at - 1]!;
    const next = last ? after : text[at + 1]!;
    if (char === '&') return ENTITY.test(text.slice(at, at + 36)) ? '\\&' : '&';
    if (char === '<') return opensTag(text.slice(at, at + 320), next, after) ? '\\<' : '<';
    if (char === '!') return last && after === '[' ? '\\!' : '!';
    return needsEscape(char, previous, next, inLink) ? `\\${char}` : char;
  };
  return inPieces(text, (piece, from) =>
    piece.replace(SPECIALS, (char, offset: number) => escape(char, from + offset)),
  );
}

/**
 * Escapes a line of a paragraph that would start another block. `first`: it is the paragraph's
 * first line.
 */
export function escapeLine(line: string, first: boolean): string {
  switch (line[0]) {
    case '#':
      return /^#{1,6}(?:\s|$)/.test(line) ? `\\${line}` : line;
    case '>':
      return `\\${line}`;
    case '+':
      return /^\+(?:\s|$)/.test(line) ? `\\${line}` : line;
    case '-':
      return /^-(?:\s|$)/.test(line) || /^[-\s|:]+$/.test(line) ? `\\${line}` : line;
    case '=':
      return !first && /^=+\s*$/.test(line) ? `\\${line}` : line;
    case '|':
    case ':':
      return !first && /^[-\s|:]+$/.test(line) ? `\\${line}` : line;
    case '[':
      return /^\[[ xX]\](?:\s|$)/.test(line) ? `\\${line}` : line;
    default:
      return line.replace(/^(\d{1,9})([.)])(?=\s|$)/, '$1\\$2');
  }
}

/**
 * Escapes a paragraph that would be a link reference definition: text in brackets, then a colon.
 */
export function escapeDefinition(paragraph: string): string {
  return paragraph[0] === '[' && /^\[(?:[^[\]\\]|\\.){1,999}\]:/s.test(paragraph)
    ? `\\${paragraph}`
    : paragraph;
}

/**
 * Escapes number signs at the end of a heading, where CommonMark takes them for its closing
 * sequence.
 */
export function escapeHeadingEnd(line: string): string {
  return line.endsWith('#') ? line.replace(/(^|\s)(#+)$/, '$1\\$2') : line;
}

/**
 * A code span whose delimiter is longer than any run of backticks in `code`. Empty for empty code.
 */
export function codeSpan(code: string): string {
  if (code === '') return '';
  if (!code.includes('`') && code[0] !== ' ') return `\`${code}\``;
  const runs = new Set<number>();
  for (const [run] of code.matchAll(/`+/g)) runs.add(run.length);
  let length = 1;
  while (runs.has(length)) length++;
  const fence = '`'.repeat(length);
  const padded = /^`|`$/.test(code) || (code.startsWith(' ') && code.endsWith(' ') && code.trim() !== '');
  return padded ? `${fence} ${code} ${fence}` : `${fence}${code}${fence}`;
}

/** A fence for a code block: longer than any run of backticks in it, at least three. */
export function fenceFor(code: string): string {
  let longest = 2;
  if (code.includes('```'))
    for (const [run] of code.matchAll(/`{3,}/g)) longest = Math.max(longest, run.length);
  return '`'.repeat(longest + 1);
}

function balanced(url: string): boolean {
  let depth = 0;
  for (const char of url) {
    if (char === '(') depth++;
    else if (char === ')' && --depth < 0) return false;
    if (depth > 30) return false;
  }
  return depth === 0;
}

/** A link destination: `url` with every character escaped that could end it or start an entity. */
export function destination(url: string): string {
  let safe = url;
  if (/[()]/.test(safe) && !balanced(safe)) safe = inPieces(safe, (piece) => piece.replace(/[()]/g, '\\$&'));
  return safe.includes('&') ? escapeReferences(safe, '&amp;') : safe;
}

/** The text with what would be read as a character reference written as `ampersand`. */
function escapeReferences(text: string, ampersand: string): string {
  const reference = (at: number): boolean => /^&#?\w+;/.test(text.slice(at, at + 100));
  return inPieces(text, (piece, from) =>
    piece.replace(/&/g, (char, offset: number) => (reference(from + offset) ? ampersand : char)),
  );
}

/** A link title with its quotes, preceded by a space, or nothing when it is empty. */
export function title(text: string | undefined): string {
  const line = oneLine(text ?? '');
  if (line === '') return '';
  const escaped = inPieces(line, (piece) => piece.replace(/["\\]/g, '\\$&'));
  return ` "${escapeReferences(escaped, '\\&')}"`;
}
