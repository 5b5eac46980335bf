import type { Cell, Line } from './lines.ts';
import { textOfRuns } from './runs.ts';

/** Fewer lines than this beside each other are no columns. */
const MIN_LINES = 3;
/** Lines of running text are longer; cells of a table are shorter. */
const MIN_MEAN_CHARS = 15;

/**
 * Puts lines that are drawn across two or more columns of running text into reading order: column
 * by column between the lines that reach across. Pages that are drawn column by column, and tables,
 * stay as they are.
 */
export function byColumns(lines: Line[]): Line[] {
  const gutter = gutterOf(lines);
  if (gutter === null) return lines;
  let ordered: Line[] = [];
  let left: Line[] = [];
  let right: Line[] = [];
  const endBand = () => {
    ordered = ordered.concat(byColumns(left), byColumns(right));
    [left, right] = [[], []];
  };
  for (const line of lines) {
    if (line.cells.some((cell) => cell.left < gutter && cell.right > gutter)) {
      endBand();
      ordered.push(line);
      continue;
    }
    const before = line.cells.filter((cell) => cell.right <= gutter);
    const after = line.cells.filter((cell) => cell.left >= gutter);
    if (before.length > 0) left.push({ ...line, cells: before });
    if (after.length > 0) right.push({ ...line, cells: after });
  }
  endBand();
  return ordered;
}

/**
 * A place that most lines with gaps leave free, running text on both of its sides; null where there
 * is none.
 */
function gutterOf(lines: Line[]): number | null {
  const parted = lines.filter(({ cells }) => cells.length > 1);
  if (parted.length < MIN_LINES) return null;
  let best = { x: 0, lines: [] as Line[] };
  for (const x of candidates(parted)) {
    const free = parted.filter(({ cells }) => gapAt(cells, x));
    if (free.length > best.lines.length) best = { x, lines: free };
  }
  const { x, lines: free } = best;
  if (free.length < MIN_LINES || free.length * 2 < parted.length) return null;
  const sides = [free.flatMap(({ cells }) => cells.filter((cell) => cell.right <= x))];
  sides.push(free.flatMap(({ cells }) => cells.filter((cell) => cell.left >= x)));
  return sides.every((cells) => meanChars(cells, free.length) >= MIN_MEAN_CHARS) ? x : null;
}

const MAX_CANDIDATES = 200;

/** The middles of the gaps. */
function candidates(lines: Line[]): number[] {
  const middles = lines.flatMap(({ cells }) =>
    cells.slice(1).map((cell, i) => Math.round((cell.left + cells[i]!.right) / 2)),
  );
  return [...new Set(middles)].slice(0, MAX_CANDIDATES);
}

function gapAt(cells: Cell[], x: number): boolean {
  return cells.some((cell, i) => cell.right <= x && (cells[i + 1]?.left ?? -Infinity) >= x);
}

function meanChars(cells: Cell[], lines: number): number {
  return cells.reduce((sum, { runs }) => sum + textOfRuns(runs).length, 0) / lines;
}
