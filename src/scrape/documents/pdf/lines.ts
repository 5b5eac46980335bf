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
  const lines: Line[] = [];
  let line: Line | null = null;
  let blank = false;
  let before: TextPiece | null = null;
  for (const piece of pieces) {
    if (before !== null && isPrintedAgain(piece, before)) continue;
    if (piece.text.trim() !== '') before = piece;
    if (line && piece.text !== '' && Math.abs(piece.y - line.y) > line.size / 2) line = null;
    if (piece.text.trim() === '') blank ||= piece.text !== '';
    else {
      if (!line) {
        lines.push((line = { cells: [], y: piece.y, size: piece.size }));
        blank = false;
      }
      addPiece(line, piece, blank);
      blank = false;
    }
    if (piece.endsLine) line = null;
  }
  return lines;
}

/** Whether a piece is the one before it, printed again beside itself to look bold. */
function isPrintedAgain(piece: TextPiece, before: TextPiece): boolean {
  const reach = piece.size * BOLD_SHIFT;
  const isNear = Math.abs(piece.x - before.x) <= reach && Math.abs(piece.y - before.y) <= reach;
  return isNear && piece.text === before.text && piece.text.trim() !== '';
}

function addPiece(line: Line, piece: TextPiece, afterBlank: boolean): void {
  const { text, x, width, size, href } = piece;
  let cell = line.cells.at(-1);
  const gap = cell ? x - cell.right : Infinity;
  if (!cell || gap > size * CELL_GAP) line.cells.push((cell = { runs: [], left: x, right: x, width: 0 }));
  else if ((afterBlank || gap > size * WORD_GAP) && !/\s$/.test(textOfRuns(cell.runs.slice(-1))))
    append(cell.runs, { text: ' ', href: cell.runs.at(-1)?.href === href ? href : null });
  append(cell.runs, { text, href });
  cell.right = x + width;
  cell.width += width;
  line.size = Math.max(line.size, size);
}
