import { withoutInvisible } from '../../dom/invisible.ts';
import { collapse } from '../../long-text/in-pieces.ts';
import { codeSpan, escapeText } from './escape.ts';
import { EMPHASIS, STRONG, UNDERSCORE_EMPHASIS, type Marks } from './marks.ts';
import { emphasisHolds } from './delimiters.ts';
import type { Run } from './part.ts';
import { PartList } from './parts.ts';
import { escapeParts } from './serialize.ts';

/** The places where only inline content can stand. */
export type InlineMode = 'heading' | 'cell';

/** Written there for a block boundary or a line break. */
export const SEPARATORS: Record<InlineMode, string> = { heading: ' ', cell: '<br>' };

const NEEDS_COLLAPSE = /[\t\n\r\f]| {2}/;
const SPACES = /[ \t\n\r\f]+/g;

/** Collects the inline content of one block and writes it as Markdown. */
export class InlineBuffer {
  #runs: Run[] = [];
  /** True where HTML would drop a space: at the start, after a space and after a break. */
  #afterSpace = true;

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  /** The number of calls of `take` that returned content. */
  takenCount = 0;

  /** The number of runs so far. */
  get size(): number {
    return this.#runs.length;
  }

  get endsWithBreak(): boolean {
    return this.#runs.at(-1)?.kind === 'break';
  }

  /** Adds text as it stands in the source: white space collapses. */
  text(data: string, marks: Marks): void {
    const visible = withoutInvisible(data);
    let text = NEEDS_COLLAPSE.test(visible) ? collapse(visible, SPACES) : visible;
    if (this.#afterSpace && text[0] === ' ') text = text.slice(1);
    if (text === '') return;
    this.#afterSpace = text.endsWith(' ');
    const last = this.#runs.at(-1);
    if (last !== undefined && last.kind === 'text' && last.marks === marks) last.value += text;
    else this.#runs.push({ kind: 'text', value: text, marks });
  }

  /** Adds ready Markdown, such as an image. */
  verbatim(markdown: string, marks: Marks): void {
    if (markdown === '') return;
    this.#runs.push({ kind: 'verbatim', value: markdown, marks });
    this.#afterSpace = false;
  }

  code(code: string, marks: Marks): void {
    if (code === '') return;
    this.#runs.push({ kind: 'code', value: code, marks });
    this.#afterSpace = false;
  }

  /** Adds a line break written as `markdown`; breaks at the edges of the block vanish. */
  lineBreak(markdown: string, marks: Marks): void {
    if (this.#runs.length > 0) this.#runs.push({ kind: 'break', value: markdown, marks });
    this.#afterSpace = true;
  }

  /** The Markdown of what was collected; the buffer is empty afterwards. */
  take(): string {
    const runs = this.#runs;
    this.#afterSpace = true;
    if (runs.length === 0) return '';
    this.#runs = [];
    this.takenCount++;
    if (runs.length === 1 && runs[0]!.marks.length === 0) return single(runs[0]!);
    const markdown = write(runs);
    for (const { marks } of runs)
      for (const mark of marks) if (mark.href !== undefined && !mark.spent) mark.spent = true;
    return markdown;
  }
}

function single({ kind, value }: Run): string {
  if (kind === 'break') return '';
  if (kind === 'code') return codeSpan(value);
  return kind === 'text' ? escapeText(value.trim(), '', '', false) : value;
}

/**
 * Writes emphasis with underscores where CommonMark would pair its asterisks with those of strong
 * emphasis. Where underscores fail too, it drops the emphasis.
 */
function write(runs: Run[]): string {
  const parts = new PartList(runs).build();
  if (!usesBoth(runs) || emphasisHolds(parts)) return escapeParts(parts);
  const underscored = new PartList(replaceEmphasis(runs, [UNDERSCORE_EMPHASIS])).build();
  return escapeParts(
    emphasisHolds(underscored) ? underscored : new PartList(replaceEmphasis(runs, [])).build(),
  );
}

function replaceEmphasis(runs: Run[], replacement: Marks): Run[] {
  return runs.map((run) => ({
    ...run,
    marks: run.marks.flatMap((mark) => (mark === EMPHASIS ? replacement : [mark])),
  }));
}

function usesBoth(runs: Run[]): boolean {
  return (
    runs.some(({ marks }) => marks.includes(EMPHASIS)) && runs.some(({ marks }) => marks.includes(STRONG))
  );
}
