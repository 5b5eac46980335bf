/**
 * The two ways in which implementations of CommonMark 0.31, section 6.2, class symbols outside
 * ASCII and characters outside the Basic Multilingual Plane: as punctuation, or like letters.
 */
export type Reading = 'punctuation' | 'word';

const WHITE_SPACE = /^[\t\n\f\r\p{Zs}]$/u;
const PUNCTUATION = /^[\p{P}\p{S}]$/u;

type CharClass = 'space' | 'punctuation' | 'word';

function classOf(char: string, reading: Reading): CharClass {
  if (char === '' || WHITE_SPACE.test(char)) return 'space';
  if (!PUNCTUATION.test(char)) return 'word';
  const isAgreed = char < '\u0080' || (char.length === 1 && /^\p{P}$/u.test(char));
  return isAgreed ? 'punctuation' : reading;
}

/**
 * Whether a delimiter between two characters flanks the inner one. To open, the inner character is
 * the next one; to close, it is the previous one.
 */
export function flanks(inner: string, outer: string, reading: Reading): boolean {
  const innerClass = classOf(inner, reading);
  return innerClass !== 'space' && (innerClass !== 'punctuation' || classOf(outer, reading) !== 'word');
}

/** Like `flanks`, in every combination of readings of the two characters. */
function alwaysFlanks(inner: string, outer: string): boolean {
  const innerMayBePunctuation = classOf(inner, 'punctuation') === 'punctuation';
  return classOf(inner, 'word') !== 'space' && !(innerMayBePunctuation && classOf(outer, 'word') === 'word');
}

/**
 * Whether `*` between these characters can open emphasis, in every reading. An empty character is
 * the edge of the block.
 */
export function canOpen(before: string, after: string): boolean {
  return alwaysFlanks(after, before);
}

/** Whether `*` between these characters can close emphasis, in every reading. */
export function canClose(before: string, after: string): boolean {
  return alwaysFlanks(before, after);
}

export function isPunctuation(char: string): boolean {
  return PUNCTUATION.test(char);
}

/** True for a character beside which punctuation may keep a delimiter from working. */
export function isWord(char: string): boolean {
  return classOf(char, 'word') === 'word';
}

/** The first code point of a text, empty for an empty text. */
export function firstChar(text: string): string {
  const code = text.codePointAt(0);
  return code === undefined ? '' : String.fromCodePoint(code);
}

/** The last code point of a text, empty for an empty text. */
export function lastChar(text: string): string {
  const low = text.charCodeAt(text.length - 1);
  return low >= 0xdc00 && low <= 0xdfff && text.length > 1 ? text.slice(-2) : text.slice(-1);
}

/** `&#…;` for a character, nothing for none. */
export function characterReference(char: string): string {
  return char === '' ? '' : `&#${char.codePointAt(0)};`;
}
