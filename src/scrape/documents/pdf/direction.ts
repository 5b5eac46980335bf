import type { TextPiece } from './pieces.ts';

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const RIGHT_TO_LEFT_ALL = new RegExp(RIGHT_TO_LEFT, 'g');
const LETTER = /\p{L}/gu;
/** Letters in the forms that they take beside others, which fonts have and text has not. */
const JOINED_FORMS = /[\ufb50-\ufdff\ufe70-\ufefc]+/g;
const DIGIT = /\p{N}/u;
const BRACKETS = '()[]{}';

type Kind = 'right-to-left' | 'left-to-right' | 'number' | 'neutral';

function kindOf({ text }: TextPiece): Kind {
  if (RIGHT_TO_LEFT.test(text)) return 'right-to-left';
  if (/\p{L}/u.test(text)) return 'left-to-right';
  return DIGIT.test(text) ? 'number' : 'neutral';
}

/** Whether most letters of a line are of a script that is written from right to left. */
export function isRightToLeft(pieces: readonly TextPiece[]): boolean {
  let [ofScript, all] = [0, 0];
  for (const { text } of pieces) {
    ofScript += text.match(RIGHT_TO_LEFT_ALL)?.length ?? 0;
    all += text.match(LETTER)?.length ?? 0;
  }
  return ofScript > 0 && ofScript * 2 > all;
}

/**
 * The pieces of such a line in the order in which they are read, wherever they were drawn first:
 * from right to left, but for words and numbers that are written the other way.
 */
export function inReadingOrder(pieces: readonly TextPiece[]): TextPiece[] {
  const parts = pieces.flatMap((piece) => (piece.isReversed ? [piece] : partsOf(piece)));
  const ordered = stretchesOf(parts.toSorted((a, b) => a.x - b.x))
    .toReversed()
    .flat()
    .map((piece) => ({
      ...piece,
      text: piece.text.replace(JOINED_FORMS, (forms) => forms.normalize('NFKC')),
    }));
  const [bracket] = /[()[\]{}]/.exec(ordered.map(({ text }) => text).join('')) ?? [];
  const isMirrored = bracket !== undefined && BRACKETS.indexOf(bracket) % 2 === 1;
  return isMirrored ? ordered.map((piece) => ({ ...piece, text: mirrored(piece.text) })) : ordered;
}

/** Letters of such a script, other letters and numbers, and each sign between them. */
const PARTS = new RegExp(`${RIGHT_TO_LEFT.source}+|(?:(?!${RIGHT_TO_LEFT.source})[\\p{L}\\p{N}])+|.`, 'gsu');

/** A piece cut where the direction may change. */
function partsOf(piece: TextPiece): TextPiece[] {
  if (kindOf(piece) !== 'right-to-left') return [piece];
  const { text, x, width } = piece;
  return Array.from(text.matchAll(PARTS), ({ 0: part, index }) => ({
    ...piece,
    text: part,
    x: x + (width * index) / text.length,
    width: (width * part.length) / text.length,
  }));
}

/** Pieces as they stand from left to right, those together that keep this order. */
function stretchesOf(pieces: TextPiece[]): TextPiece[][] {
  const stretches: TextPiece[][] = [];
  for (let at = 0; at < pieces.length;) {
    const end = endOfStretch(pieces, at);
    stretches.push(pieces.slice(at, end));
    at = end;
  }
  return stretches;
}

function endOfStretch(pieces: TextPiece[], start: number): number {
  if (kindOf(pieces[start]!) !== 'left-to-right') return start + 1;
  let end = start + 1;
  for (let at = end; at < pieces.length; at++) {
    const kind = kindOf(pieces[at]!);
    if (kind === 'right-to-left') break;
    if (kind !== 'neutral') end = at + 1;
  }
  return end;
}

function mirrored(text: string): string {
  return text.replace(/[()[\]{}]/g, (sign) => BRACKETS[BRACKETS.indexOf(sign) ^ 1]!);
}
