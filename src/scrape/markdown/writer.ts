import { linesOf } from '../long-text/lines.ts';
import { TextBuilder } from '../long-text/text-builder.ts';

/**
 * Maximum width of the list and quote markers on a line. The bound keeps the output linear in the
 * input.
 */
const MAX_PREFIX = 80;

export type BlockKind = 'paragraph' | 'heading' | 'fence' | 'list' | 'quote' | 'table' | 'rule';

interface Container {
  prefix: string;
  marker: string | null;
  previous: BlockKind | null;
  lines: number;
}

/**
 * Whether CommonMark still reads both blocks of a tight list item as they are without a blank line
 * between them.
 */
function canAdjoin(previous: BlockKind, next: BlockKind): boolean {
  switch (next) {
    case 'paragraph':
      return previous === 'heading' || previous === 'fence' || previous === 'rule';
    case 'quote':
      return previous !== 'quote';
    case 'rule':
      return false;
    case 'table':
      return previous === 'fence' || previous === 'heading';
    case 'list':
      return previous !== 'table' && previous !== 'quote';
    default:
      return previous !== 'table';
  }
}

/** Markers without content that CommonMark would read as a rule (`- - -`), the last one changed. */
function withoutRule(markers: string): string {
  if (/- {1,4}- {1,4}-$/.test(markers)) return `${markers.slice(0, -1)}*`;
  return /\* {1,4}\* {1,4}\*$/.test(markers) ? `${markers.slice(0, -1)}-` : markers;
}

/** Writes lines under the markers of the open containers, each line once and in order. */
export class BlockWriter {
  readonly #out = new TextBuilder();
  #lines = 0;
  /** What continues the open containers on a further line. */
  #prefix = '';
  /** Starts the next line instead of the prefix when a container opens there. */
  #marker: string | null = null;
  /** The prefix of the containers that are open both before and after the next blank line. */
  #sharedPrefix = '';
  #paragraphLine = -1;
  #blankBefore = false;
  #previous: BlockKind | null = null;

  /**
   * True inside the items of a tight list: blocks that need no blank line between them get none.
   */
  tight = false;

  get atMarker(): boolean {
    return this.#marker !== null;
  }

  /** The block written last in the open container. */
  get previous(): BlockKind | null {
    return this.#previous;
  }

  /** The number of lines written, blank lines between blocks apart. */
  get lineCount(): number {
    return this.#lines;
  }

  /** True when a line has been written in the open container, or before it. */
  get isOpen(): boolean {
    return this.#lines > 0 && this.#marker === null;
  }

  /** True when the last line belongs to a paragraph of the open container. */
  get inParagraph(): boolean {
    return this.#paragraphLine === this.#lines && this.isOpen;
  }

  /** Undoes `begin` for a block that turned out empty. */
  restore(previous: BlockKind | null): void {
    this.#previous = previous;
  }

  /** Starts a block and decides whether a blank line precedes it. */
  begin(kind: BlockKind): void {
    if (this.#previous !== null) this.#blankBefore = !(this.tight && canAdjoin(this.#previous, kind));
    this.#previous = kind;
  }

  /** Sets whether a blank line precedes the next line. */
  separate(blank: boolean): void {
    this.#blankBefore = blank;
  }

  line(text: string): void {
    if (this.#blankBefore) this.#out.add(`${this.#sharedPrefix.trimEnd()}\n`);
    const start = this.#marker ?? this.#prefix;
    if (text === '') this.#out.add(`${withoutRule(start.trimEnd())}\n`);
    else this.#out.add(`${start}${text}\n`);
    this.#marker = null;
    this.#blankBefore = false;
    this.#sharedPrefix = this.#prefix;
    this.#lines++;
    if (this.#previous === 'paragraph') this.#paragraphLine = this.#lines;
  }

  /** Writes a container without content. */
  bare(marker: string): void {
    const container = this.open(marker);
    if (container === null) return;
    this.line('');
    this.close(container);
  }

  /** Writes every line of `text`. */
  lines(text: string): void {
    if (!text.includes('\n')) return this.line(text);
    for (const line of linesOf(text)) this.line(line);
  }

  /** Adds to the marker of the container that has just been opened. */
  extendMarker(text: string): void {
    if (this.#marker !== null) this.#marker += text;
  }

  /**
   * Opens a container whose first line starts with `marker`. Beyond MAX_PREFIX it opens nothing and
   * returns null.
   */
  open(marker: string, continuation = ' '.repeat(marker.length)): Container | null {
    if (this.#prefix.length + continuation.length > MAX_PREFIX) return null;
    const saved = {
      prefix: this.#prefix,
      marker: this.#marker,
      previous: this.#previous,
      lines: this.#lines,
    };
    this.#marker = (this.#marker ?? this.#prefix) + marker;
    this.#prefix += continuation;
    this.#previous = null;
    return saved;
  }

  /** Closes the container. Returns false when nothing was written in it. */
  close(container: Container): boolean {
    const wrote = this.#lines > container.lines;
    this.#prefix = container.prefix;
    this.#marker = wrote ? null : container.marker;
    this.#previous = container.previous;
    if (wrote) this.#sharedPrefix = this.#prefix;
    return wrote;
  }

  toString(): string {
    return this.#out.toString().trimEnd();
  }
}
