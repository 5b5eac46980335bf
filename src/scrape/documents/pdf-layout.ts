import type { ChildNode } from 'domhandler';
import { element } from './nodes.ts';

/** A piece of text with the place and size that it has on its page, in points from the bottom left. */
export interface TextPiece {
  text: string;
  x: number;
  y: number;
  width: number;
  size: number;
  endsLine: boolean;
}

interface Line {
  text: string;
  y: number;
  size: number;
  width: number;
}

interface Block {
  text: string;
  size: number;
}

/** Lines further apart than this many times their size do not belong to one paragraph. */
const PARAGRAPH_GAP = 1.6;
/** A line much narrower than most of its page is the last of its paragraph. */
const SHORT_LINE = 0.7;
/** Text this much larger than the body is a heading. */
const HEADING_RATIO = 1.15;
const MAX_HEADING_CHARS = 200;

/** The lines of a page in the order in which they are drawn. */
function linesOf(pieces: TextPiece[]): Line[] {
  const lines: Line[] = [];
  let line: Line | null = null;
  let end = 0;
  for (const piece of pieces) {
    if (line && piece.text !== '' && Math.abs(piece.y - line.y) > line.size / 2) line = null;
    if (piece.text !== '') {
      if (!line) lines.push((line = { text: '', y: piece.y, size: piece.size, width: 0 }));
      else if (piece.x - end > piece.size * 0.2 && !/\s$/.test(line.text)) line.text += ' ';
      line.text += piece.text;
      line.size = Math.max(line.size, piece.size);
      line.width += piece.width;
      end = piece.x + piece.width;
    }
    if (piece.endsLine) line = null;
  }
  return lines.filter(({ text }) => text.trim() !== '');
}

/** Joins a line to the paragraph, undoing hyphenation. */
function join(text: string, next: string): string {
  return /\p{Ll}-$/u.test(text) && /^\p{Ll}/u.test(next) ? text.slice(0, -1) + next : `${text} ${next}`;
}

const startsItem = (text: string): boolean => /^(?:[•◦▪‣●–]|\(?\d{1,3}[.)])\s/.test(text);

const isPageNumber = (block: Block | undefined): boolean =>
  /^(?:\d{1,4}|[ivxlc]{1,6})$/.test(block?.text ?? '');

/** A page's blocks without the page number at its top or bottom. */
function withoutPageNumber(blocks: Block[]): Block[] {
  return blocks.slice(isPageNumber(blocks[0]) ? 1 : 0, isPageNumber(blocks.at(-1)) ? -1 : undefined);
}

/** Lines of one size that follow closely are one block. */
function blocksOf(lines: Line[]): Block[] {
  const usual = lines.map(({ width }) => width).toSorted((a, b) => a - b)[lines.length >> 1] ?? 0;
  const blocks: Block[] = [];
  let before: Line | null = null;
  for (const line of lines) {
    const text = line.text.trim();
    const gap = before ? before.y - line.y : Infinity;
    const close = gap > 0 && gap <= line.size * PARAGRAPH_GAP && Math.abs(line.size - before!.size) < 0.5;
    const last = blocks.at(-1);
    if (last && close && before!.width >= usual * SHORT_LINE && !startsItem(text))
      last.text = join(last.text, text);
    else blocks.push({ text, size: line.size });
    before = line;
  }
  return blocks;
}

/** The size that most characters have. */
function bodySize(blocks: Block[]): number {
  const chars = new Map<number, number>();
  for (const { text, size } of blocks)
    chars.set(Math.round(size), (chars.get(Math.round(size)) ?? 0) + text.length);
  return [...chars].reduce((best, entry) => (entry[1] > best[1] ? entry : best), [0, 0])[0];
}

/** Headings by their size (the three largest sizes above the body's), paragraphs and list items of a document's pages. */
export function layOut(pages: TextPiece[][]): ChildNode[] {
  const blocks = pages.flatMap((pieces) => withoutPageNumber(blocksOf(linesOf(pieces))));
  const body = bodySize(blocks);
  const isHeading = ({ text, size }: Block): boolean =>
    size >= body * HEADING_RATIO && text.length <= MAX_HEADING_CHARS && /\p{L}/u.test(text);
  const sizes = [...new Set(blocks.filter(isHeading).map(({ size }) => Math.round(size)))].toSorted(
    (a, b) => b - a,
  );
  const level = (size: number): number => Math.min(3, sizes.indexOf(Math.round(size)) + 1);

  const nodes: ChildNode[] = [];
  let items: ChildNode[] = [];
  const endList = (): void => {
    if (items.length > 0) nodes.push(element('ul', {}, items));
    items = [];
  };
  for (const block of blocks) {
    const item = /^[•◦▪‣●]\s+([^]*)/.exec(block.text)?.[1];
    if (item !== undefined) {
      items.push(element('li', {}, [item]));
      continue;
    }
    endList();
    nodes.push(element(isHeading(block) ? `h${level(block.size)}` : 'p', {}, [block.text]));
  }
  endList();
  return nodes;
}
