import type { Cell, Line } from './lines.ts';
import { textOfRuns } from './runs.ts';

/** Fewer rows than this are no table: two lines may have a gap at one place by chance. */
const MIN_ROWS = 3;
/** What stands before the items of a list, at some distance. */
const MARKER = /^(?:[•◦▪‣●–*-]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)])$/i;
/** Rows are at most this many times their size apart. */
const ROW_GAP = 3;

/**
 * How many lines from `start` on are the rows of a table: they have the same number of cells, and
 * the cells of each column begin or end at one place. 0 where they are none, as the items of a
 * list.
 */
export function tableRows(lines: Line[], start: number): number {
  const first = lines[start]!;
  if (first.cells.length < 2 || isItem(first)) return 0;
  let count = 1;
  while (start + count < lines.length && follows(lines[start + count - 1]!, lines[start + count]!, first))
    count++;
  return count >= MIN_ROWS ? count : 0;
}

function follows(before: Line, line: Line, first: Line): boolean {
  const gap = before.y - line.y;
  if (line.cells.length !== first.cells.length || gap <= 0 || gap > ROW_GAP * line.size) return false;
  return line.cells.every((cell, column) => isAligned(cell, before.cells[column]!, line.size));
}

function isItem({ cells }: Line): boolean {
  return cells.length === 2 && MARKER.test(textOfRuns(cells[0]!.runs).trim());
}

/** Whether two cells of a column have their left, their right or their middle in common. */
function isAligned(a: Cell, b: Cell, size: number): boolean {
  const [left, right] = [a.left - b.left, a.right - b.right];
  return Math.min(Math.abs(left), Math.abs(right), Math.abs(left + right) / 2) <= size / 2;
}
