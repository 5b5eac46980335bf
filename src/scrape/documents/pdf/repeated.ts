/**
 * A line at the edges of so many pages, and of at least this share of them, is none of the text.
 */
const MIN_PAGES = 3;
const MIN_SHARE = 0.4;
/** How many blocks at the top and at the bottom of a page may be such lines. */
const EDGE = 2;
const MAX_CHARS = 100;

interface Edge {
  text: string;
  lines: number;
}

/** A line without its numbers: that of the page differs from page to page. */
const keyOf = (text: string): string => text.replace(/\p{N}+/gu, '#');

/**
 * The blocks of each page without the lines that most pages repeat at their top or bottom, such as
 * the name of a journal with the number of the page.
 */
export function withoutRepeated<Block extends Edge>(pages: readonly Block[][]): Block[][] {
  const counts = new Map<string, number>();
  for (const blocks of pages)
    for (const key of new Set(edgesOf(blocks).map(({ text }) => keyOf(text))))
      counts.set(key, (counts.get(key) ?? 0) + 1);
  const least = Math.max(MIN_PAGES, pages.length * MIN_SHARE);
  return pages.map((blocks) => {
    const edges = new Set(edgesOf(blocks));
    const kept = blocks.filter((block) => !edges.has(block) || (counts.get(keyOf(block.text)) ?? 0) < least);
    return kept.length === 0 ? blocks : kept;
  });
}

function edgesOf<Block extends Edge>(blocks: readonly Block[]): Block[] {
  const edges = [...blocks.slice(0, EDGE), ...blocks.slice(EDGE).slice(-EDGE)];
  return edges.filter(({ text, lines }) => lines === 1 && text.length <= MAX_CHARS);
}
