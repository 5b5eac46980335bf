import { inReadingOrder, isRightToLeft } from './direction.ts';
import { withoutLetterSpacing } from './letter-spacing.ts';
import type { TextPiece } from './pieces.ts';
import { append, textOfRuns, type Run } from './runs.ts';

/** What stands together on a line, without a wide gap. */
export interface Cell {
  runs: Run[];
  left: number;
  right: number;
  /** Of its text, without gaps. */
  width: number;
}

export interface Line {
  cells: Cell[];
  y: number;
  size: number;
}

/** A gap this many times the size of the text parts words. */
const WORD_GAP = 0.2;
/** A gap this many times the size parts columns, or the cells of a table. */
const CELL_GAP = 1.2;

/** Text that is printed twice to look bold is moved by at most this many times its size. */
const BOLD_SHIFT = 0.1;

/** The lines of a page in the order in which they are drawn. */
export function linesOf(pieces: TextPiece[]): Line[] {
  return drawnLines(pieces).map(lineOf);
}

/** The pieces of each line, blanks between them included. */
function drawnLines(pieces: TextPiece[]): TextPiece[][] {
  const lines: TextPiece[][] = [];
  let line: TextPiece[] | null = null;
  let [y, size] = [0, 0];
  let before: TextPiece | null = null;
  for (const piece of pieces) {
    const isBlank = piece.text.trim() === '';
    if (before !== null && isPrintedAgain(piece, before)) continue;
    if (!isBlank) before = piece;
    if (line && piece.text !== '' && Math.abs(piece.y - y) > size / 2) line = null;
    if (line && piece.text !== '') line.push(piece);
    else if (!isBlank) {
      lines.push((line = [piece]));
      [y, size] = [piece.y, 0];
    }
    if (!isBlank) size = Math.max(size, piece.size);
    if (piece.endsLine) line = null;
  }
  return lines;
}

function lineOf(pieces: TextPiece[]): Line {
  const line: Line = { cells: [], y: pieces[0]!.y, size: 0 };
  const isReversed = isRightToLeft(pieces);
  let isAfterBlank = false;
  for (const piece of isReversed ? inReadingOrder(pieces) : withoutLetterSpacing(pieces)) {
    const isBlank = piece.text.trim() === '';
    if (!isBlank) addPiece(line, piece, { isAfterBlank, isReversed });
    isAfterBlank = isBlank;
  }
  return line;
}

/** Whether a piece is the one before it, printed again beside itself to look bold. */
function isPrintedAgain(piece: TextPiece, before: TextPiece): boolean {
  const reach = piece.size * BOLD_SHIFT;
  const isNear = Math.abs(piece.x - before.x) <= reach && Math.abs(piece.y - before.y) <= reach;
  return isNear && piece.text === before.text && piece.text.trim() !== '';
}

interface Placing {
  isAfterBlank: boolean;
  /** Whether the line is read from right to left. */
  isReversed: boolean;
}

function addPiece(line: Line, piece: TextPiece, { isAfterBlank, isReversed }: Placing): void {
  const { text, x, width, size, href } = piece;
  const right = x + width;
  let cell = line.cells.at(-1);
  const gap = cell ? (isReversed ? cell.left - right : x - cell.right) : Infinity;
  line.size = Math.max(line.size, size);
  if (!cell || gap > size * CELL_GAP) line.cells.push((cell = { runs: [], left: x, right, width: 0 }));
  else if ((isAfterBlank || gap > size * WORD_GAP) && !/\s$/.test(textOfRuns(cell.runs.slice(-1))))
    append(cell.runs, { text: ' ', href: cell.runs.at(-1)?.href === href ? href : null });
  append(cell.runs, { text, href });
  if (isReversed) cell.left = x;
  else cell.right = right;
  cell.width += width;
}
