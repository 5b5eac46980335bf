import type { TextPiece } from './pieces.ts';

/** Characters with a blank between any two of them. */
const SPACED = /^\S(?: \S)*$/u;
/** Fewer letters than this in a row may be words or the columns of a table. */
const MIN_LETTERS = 4;

/**
 * The pieces of a line whose letters are set apart, as in headings, with the letters of each word
 * together: between words stands a piece of its own.
 */
export function withoutLetterSpacing(pieces: TextPiece[]): TextPiece[] {
  if (!pieces.some(({ text }) => text.length >= 2 * MIN_LETTERS - 1 && SPACED.test(text))) return pieces;
  const isSpaced = pieces.every(({ text }) => text.trim() === '' || SPACED.test(text));
  const words = pieces.map(({ text }) => text.replaceAll(' ', '')).filter((text) => text !== '');
  if (!isSpaced || !words.some(isWord)) return pieces;
  return pieces.map((piece) =>
    piece.text.trim() === '' ? piece : { ...piece, text: piece.text.replaceAll(' ', '') },
  );
}

/** Whether letters may be those of a word, and not the alphabet above a register. */
function isWord(letters: string): boolean {
  if (letters.length < MIN_LETTERS || !/^\p{L}{3}/u.test(letters)) return false;
  const [a, b, c] = letters;
  return !(b!.charCodeAt(0) === a!.charCodeAt(0) + 1 && c!.charCodeAt(0) === b!.charCodeAt(0) + 1);
}
