import { checkLength } from './fragment-size.ts';

/**
 * How much of a text is replaced at once. Each match costs some fifty bytes until the replacement
 * is done: a page of line breaks took twenty times its size.
 */
const PIECE_CHARS = 16 * 1024;

/**
 * Whether the characters on both sides of a place belong together: one character, or a line's end.
 */
function isWithin(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  const isPair = before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
  return isPair || (before === 0x0d && after === 0x0a);
}

/**
 * The end of the piece that begins at `from`: between two characters, and not within a line's end.
 */
export function endOfPiece(text: string, from: number, length = PIECE_CHARS): number {
  const end = from + length;
  if (end >= text.length) return text.length;
  return isWithin(text, end) ? end - 1 : end;
}

/**
 * The text with each piece replaced. A piece ends between any two characters. Throws PageError
 * `too_large` where no page block has room for what the text becomes.
 */
export function inPieces(text: string, replace: (piece: string, from: number) => string): string {
  if (text.length <= PIECE_CHARS) return replace(text, 0);
  const replaced: string[] = [];
  let length = 0;
  let isSame = true;
  for (let from = 0; from < text.length;) {
    const end = endOfPiece(text, from);
    const before = text.slice(from, end);
    const piece = replace(before, from);
    checkLength((length += piece.length));
    replaced.push(piece);
    isSame &&= piece === before;
    from = end;
  }
  // A copy would take as much memory again.
  return isSame ? text : replaced.join('');
}

/**
 * The text with every run of white space that `runs` matches, a global expression, as one space.
 */
export function collapse(text: string, runs: RegExp): string {
  let endsWithSpace = false;
  return inPieces(text, (piece) => {
    const collapsed = piece.replace(runs, ' ');
    const continues = endsWithSpace && collapsed[0] === ' ';
    endsWithSpace = collapsed.endsWith(' ');
    return continues ? collapsed.slice(1) : collapsed;
  });
}

/** The text on one line, without white space around it. */
export function oneLine(text: string): string {
  return collapse(text, /\s+/g).trim();
}
