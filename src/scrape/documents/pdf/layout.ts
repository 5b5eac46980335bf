import type { ChildNode } from 'domhandler';
import { element } from '../nodes.ts';
import { BlockList } from '../office/blocks/lists.ts';
import { byColumns } from './columns.ts';
import { linesOf, type Line } from './lines.ts';
import { upright, type TextPiece } from './pieces.ts';
import { withoutRepeated } from './repeated.ts';
import { tableRows } from './rows.ts';
import { append, cut, textOfRuns, trim, type Run } from './runs.ts';

interface Block {
  runs: Run[];
  text: string;
  size: number;
  /** How many lines it has. */
  lines: number;
  /** The cells of a table, row by row; missing where the block is none. */
  rows?: Run[][][];
}

/** Lines further apart than this many times their size do not belong to one paragraph. */
const PARAGRAPH_GAP = 1.6;
/** A line much narrower than most of its page is the last of its paragraph. */
const SHORT_LINE = 0.7;
/** Text this much larger than the body is a heading. */
const HEADING_RATIO = 1.15;
const MAX_HEADING_CHARS = 200;

/** The text of a line, a blank for each gap. */
function runsOf({ cells }: Line): Run[] {
  const runs: Run[] = [];
  for (const cell of cells) {
    if (runs.length > 0) append(runs, { text: ' ', href: null });
    for (const run of cell.runs) append(runs, run);
  }
  return trim(runs);
}

const HYPHENATED = /\p{Ll}-$/u;
/** A hyphen that belongs to the word, or to a span of numbers, as it stands before a capital. */
const COMPOUND = /\p{L}-$/u;
const SPAN = /\p{N}[-–]$/u;
/** A short word between hyphens, as in "state-of-the-art". */
const CHAIN = /-\p{Ll}{1,3}-$/u;

/** Whether a line goes on right behind the last one, whose hyphen stays. */
function keepsHyphen(before: string, next: string): boolean {
  if (CHAIN.test(before)) return true;
  return (COMPOUND.test(before) && /^\p{Lu}/u.test(next)) || (SPAN.test(before) && /^\p{N}/u.test(next));
}

/** Joins a line to the paragraph, undoing hyphenation. */
function join(block: Block, next: Run[]): void {
  const text = textOfRuns(next);
  if (!keepsHyphen(block.text, text)) {
    const hyphenated = HYPHENATED.test(block.text) && /^\p{Ll}/u.test(text);
    if (hyphenated) block.runs = cut(block.runs, 0, 1);
    else
      append(block.runs, {
        text: ' ',
        href: block.runs.at(-1)?.href === next[0]?.href ? (next[0]?.href ?? null) : null,
      });
  }
  for (const run of next) append(block.runs, run);
  block.text = textOfRuns(block.runs);
  block.lines++;
}

/** The number of a page behind leaders, at the end of an entry of a table of contents. */
const ENTRY_END = /[.·…_]\s?[.·…_]\s?[.·…_]\s{0,9}(?:\d{1,4}|[ivxlc]{1,6})$/i;

/** A sentence ends here. */
const SENTENCE_END = /[.!?:…][”"’'»)\]]?$/;
/** First lines of paragraphs are set in by these many times the size of their text. */
const INDENT = { least: 0.7, most: 4 };

/**
 * Whether the first line of a paragraph is set in, between a line that ends a sentence and the next
 * one.
 */
function isIndented(line: Line, before: Line, next: Line | undefined): boolean {
  const [left, margin] = [line, before].map(({ cells }) => cells[0]!.left) as [number, number];
  const indent = (left - margin) / line.size;
  if (indent < INDENT.least || indent > INDENT.most) return false;
  return next === undefined || Math.abs(next.cells[0]!.left - margin) < line.size / 2;
}

/** Whether a line begins a block, though it follows closely on the last one. */
function beginsBlock(line: Line, before: Line, next: Line | undefined, text: string): boolean {
  return ENTRY_END.test(text) || (SENTENCE_END.test(text) && isIndented(line, before, next));
}

const startsItem = (text: string): boolean => /^(?:[•◦▪‣●–]|\(?\d{1,3}[.)])\s/.test(text);

const isPageNumber = (block: Block | undefined): boolean =>
  /^(?:\d{1,4}|[ivxlc]{1,6})$/.test(block?.text ?? '');

/** A page's blocks without the page number at its top or bottom. */
function withoutPageNumber(blocks: Block[]): Block[] {
  return blocks.slice(isPageNumber(blocks[0]) ? 1 : 0, isPageNumber(blocks.at(-1)) ? -1 : undefined);
}

const widthOf = ({ cells }: Line): number => cells.reduce((sum, { width }) => sum + width, 0);

/** Lines of one size that follow closely are one block. */
function blocksOf(lines: Line[]): Block[] {
  const usual = lines.map(widthOf).toSorted((a, b) => a - b)[lines.length >> 1] ?? 0;
  const blocks: Block[] = [];
  let before: Line | null = null;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const rows = tableRows(lines, i);
    if (rows > 0) {
      blocks.push(tableOf(lines.slice(i, i + rows)));
      i += rows - 1;
      before = null;
      continue;
    }
    const runs = runsOf(line);
    const text = textOfRuns(runs);
    const gap = before ? before.y - line.y : Infinity;
    const close = gap > 0 && gap <= line.size * PARAGRAPH_GAP && Math.abs(line.size - before!.size) < 0.5;
    const last = blocks.at(-1);
    const goesOn = widthOf(before ?? line) >= usual * SHORT_LINE || HYPHENATED.test(last?.text ?? '');
    const begins =
      startsItem(text) ||
      (before !== null && last !== undefined && beginsBlock(line, before, lines[i + 1], last.text));
    if (last && close && goesOn && !begins) join(last, runs);
    else blocks.push({ runs, text, size: line.size, lines: 1 });
    before = line;
  }
  return blocks;
}

function tableOf(lines: Line[]): Block {
  const rows = lines.map(({ cells }) => cells.map((cell) => trim(cell.runs)));
  const text = rows.flat().map(textOfRuns).join(' ');
  return { runs: [], text, size: lines[0]!.size, lines: lines.length, rows };
}

/** The size that most characters have. */
function bodySize(blocks: Block[]): number {
  const chars = new Map<number, number>();
  for (const { text, size } of blocks)
    chars.set(Math.round(size), (chars.get(Math.round(size)) ?? 0) + text.length);
  return [...chars].reduce((best, entry) => (entry[1] > best[1] ? entry : best), [0, 0])[0];
}

/**
 * Headings by their size (the three largest sizes above the body's), paragraphs and list items of a
 * document's pages.
 */
export function layOut(pages: TextPiece[][]): ChildNode[] {
  const blocks = withoutRepeated(
    pages.map((pieces) =>
      withoutPageNumber(upright(pieces).flatMap((group) => blocksOf(byColumns(linesOf(group))))),
    ),
  ).flat();
  const body = bodySize(blocks);
  const isHeading = ({ text, size, rows }: Block): boolean =>
    rows === undefined &&
    size >= body * HEADING_RATIO &&
    text.length <= MAX_HEADING_CHARS &&
    /\p{L}/u.test(text);
  const sizes = [...new Set(blocks.filter(isHeading).map(({ size }) => Math.round(size)))].toSorted(
    (a, b) => b - a,
  );
  const level = (size: number): number => Math.min(3, sizes.indexOf(Math.round(size)) + 1);

  const lists = new BlockList();
  for (const [i, block] of blocks.entries()) {
    const heading = isHeading(block);
    const marker = heading ? null : markerOf(block, blocks[i - 1], blocks[i + 1]);
    if (block.rows) lists.block(tableNode(block.rows));
    else if (marker === null)
      lists.block(element(heading ? `h${level(block.size)}` : 'p', {}, inline(block.runs)));
    else {
      const content = inline(cut(block.runs, marker.length, 0));
      const { number } = marker;
      lists.item({ level: 0, ordered: number !== null, ...(number !== null && { start: number }), content });
    }
  }
  return lists.take();
}

interface Marker {
  /** How many characters it has. */
  length: number;
  /** Null for a bullet. */
  number: number | null;
}

const numberOf = (block: Block | undefined): { all: string; number: number } | null => {
  const [all, number] = /^(\d{1,3})[.)]\s+/.exec(block?.text ?? '') ?? [];
  return all === undefined ? null : { all, number: Number(number) };
};

/** The bullet of an item, or its number where the block before or after it has the next one. */
function markerOf(block: Block, before: Block | undefined, after: Block | undefined): Marker | null {
  const [bullet] = /^[•◦▪‣●]\s+/.exec(block.text) ?? [];
  if (bullet !== undefined) return { length: bullet.length, number: null };
  const own = numberOf(block);
  if (own === null) return null;
  const inRow = numberOf(before)?.number === own.number - 1 || numberOf(after)?.number === own.number + 1;
  return inRow ? { length: own.all.length, number: own.number } : null;
}

function tableNode(rows: Run[][][]): ChildNode {
  return element('table', {}, rows.map(rowNode));
}

function rowNode(cells: Run[][]): ChildNode {
  return element(
    'tr',
    {},
    cells.map((runs) => element('td', {}, inline(runs))),
  );
}

function inline(runs: Run[]): (ChildNode | string)[] {
  return runs.map(({ text, href }) => (href === null ? text : element('a', { href }, [text])));
}
