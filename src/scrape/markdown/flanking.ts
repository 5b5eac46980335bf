/**
 * The rules of CommonMark 0.31, section 6.2, for when a delimiter run can open or close emphasis. Characters that implementations
 * class differently (symbols outside ASCII, punctuation outside the Basic Multilingual Plane) must do in either class.
 */

const WHITE_SPACE = /^[\t\n\f\r\p{Zs}]$/u;
const PUNCTUATION = /^[\p{P}\p{S}]$/u;

type CharClass = 'space' | 'punctuation' | 'word';

function classesOf(char: string): CharClass[] {
  if (char === '' || WHITE_SPACE.test(char)) return ['space'];
  if (!PUNCTUATION.test(char)) return ['word'];
  const agreed = char < '\u0080' || (char.length === 1 && /^\p{P}$/u.test(char));
  return agreed ? ['punctuation'] : ['punctuation', 'word'];
}

function flanks(inner: CharClass, outer: CharClass): boolean {
  return inner !== 'space' && (inner !== 'punctuation' || outer !== 'word');
}

function always(inner: string, outer: string): boolean {
  return classesOf(inner).every((innerClass) => classesOf(outer).every((outerClass) => flanks(innerClass, outerClass)));
}

/** Whether `*` between these characters can open emphasis. An empty character is the edge of the block. */
export function canOpen(before: string, after: string): boolean {
  return always(after, before);
}

/** Whether `*` between these characters can close emphasis. */
export function canClose(before: string, after: string): boolean {
  return always(before, after);
}

export function isPunctuation(char: string): boolean {
  return PUNCTUATION.test(char);
}

/** True for a character beside which punctuation keeps a delimiter from working. */
export function isWord(char: string): boolean {
  return classesOf(char).includes('word');
}

export function firstChar(text: string): string {
  const code = text.codePointAt(0);
  return code === undefined ? '' : String.fromCodePoint(code);
}

export function lastChar(text: string): string {
  const low = text.charCodeAt(text.length - 1);
  return low >= 0xdc00 && low <= 0xdfff && text.length > 1 ? text.slice(-2) : text.slice(-1);
}

/** `&#…;` for a character, nothing for none. */
export function characterReference(char: string): string {
  return char === '' ? '' : `&#${char.codePointAt(0)};`;
}
