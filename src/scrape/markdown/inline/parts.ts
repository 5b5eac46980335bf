import { secureDelimiters } from './delimiters.ts';
import { firstChar, isPunctuation, isWord, lastChar } from './flanking.ts';
import type { Mark, Marks } from './marks.ts';
import type { ContentKind, Part, Run } from './part.ts';

function part(kind: Part['kind'], value: string, mark?: Mark, inLink = false): Part {
  return { kind, value, mark, inLink, referenceFirst: false, referenceLast: false };
}

/** How many runs to look ahead for the end of a mark. */
const LOOKAHEAD = 100;

function linkFirst(a: Mark, b: Mark): number {
  if ((a.delimiter ?? b.delimiter) === undefined) return 0;
  return Number(b.href !== undefined) - Number(a.href !== undefined);
}

/**
 * Turns runs into parts. Marks close and open where they change, and white space stays outside of
 * both.
 */
export class PartList {
  readonly #parts: Part[] = [];
  readonly #open: Mark[] = [];
  readonly #runs: Run[];
  /** The index of the run being added. */
  #index = 0;
  #space = '';
  /** The marks that the white space has itself; null while there is none. */
  #spaceMarks: Marks | null = null;
  #started = false;
  /** Punctuation taken out of the marks that are about to close. */
  #moved = '';

  constructor(runs: Run[]) {
    this.#runs = runs;
  }

  build(): Part[] {
    for (; this.#index < this.#runs.length; this.#index++) this.#add(this.#runs[this.#index]!);
    while (this.#open.length > 0) this.#close();
    secureDelimiters(this.#parts);
    return this.#parts;
  }

  #add({ kind, value, marks }: Run): void {
    if (kind === 'break') {
      this.#space = value;
      this.#spaceMarks = this.#common(marks);
      return;
    }
    if (kind !== 'text') return this.#content(kind, value, marks);
    if (value.trim().length === value.length) return this.#content('text', value, marks);
    const start = value.search(/\S/);
    if (start === -1) return this.#pad(value, marks);
    const end = value.trimEnd().length;
    this.#pad(value.slice(0, start), marks);
    this.#content('text', value.slice(start, end), marks);
    this.#pad(value.slice(end), marks);
  }

  #common(marks: Marks): Marks {
    return this.#spaceMarks?.filter((mark) => marks.includes(mark)) ?? marks;
  }

  #pad(space: string, marks: Marks): void {
    if (space === '') return;
    this.#spaceMarks = this.#common(marks);
    if (!/\n|<br>/.test(this.#space))
      this.#space = this.#space === '' ? space : this.#space + space.trimStart();
  }

  #content(kind: ContentKind, value: string, allMarks: Marks): void {
    let rest = value;
    const gap = this.#started ? this.#space : '';
    const marks = allMarks.some((mark) => mark.spent) ? allMarks.filter((mark) => !mark.spent) : allMarks;
    const closing = this.#closing(this.#started ? this.#common(marks) : marks);
    if (kind === 'text' && gap === '' && closing > 0) this.#movePunctuationOut(rest, closing);
    for (let i = 0; i < closing && this.#open.length > 0; i++) this.#close();
    this.#flushMoved();
    if (gap !== '') this.#parts.push(part('space', gap));
    this.#space = '';
    this.#spaceMarks = null;
    this.#started = true;
    const opening = this.#outermostFirst(marks.filter((mark) => !this.#open.includes(mark)));
    if (kind === 'text' && gap === '' && closing === 0) rest = this.#leavePunctuationOut(rest, opening);
    if (rest === '') return;
    for (const mark of opening) {
      this.#open.push(mark);
      this.#parts.push(part('open', mark.open, mark));
    }
    this.#push(kind, rest);
  }

  /**
   * Sorts marks by where they end, the last first. A link and emphasis that end together open with
   * the link where a letter follows: CommonMark reads `[**a**](b)c` but not `**[a](b)**c`.
   */
  #outermostFirst(marks: Mark[]): Mark[] {
    if (marks.length < 2) return marks;
    const ends = new Map(marks.map((mark) => [mark, this.#lastRun(mark)]));
    return marks.toSorted(
      (a, b) => ends.get(b)! - ends.get(a)! || (this.#besideLetter(ends.get(a)!) ? linkFirst(a, b) : 0),
    );
  }

  #besideLetter(lastRun: number): boolean {
    const next = this.#runs[lastRun + 1];
    const before = this.#parts.at(-1);
    return (
      (next?.kind === 'text' && isWord(firstChar(next.value))) ||
      (before?.kind === 'text' && isWord(lastChar(before.value)))
    );
  }

  #lastRun(mark: Mark): number {
    const limit = Math.min(this.#runs.length, this.#index + LOOKAHEAD);
    let index = this.#index;
    while (index + 1 < limit && this.#runs[index + 1]!.marks.includes(mark)) index++;
    return index;
  }

  /**
   * Adjacent text is one text; adjacent code must be one span, since its backticks would run
   * together.
   */
  #push(kind: ContentKind, value: string): void {
    const last = this.#parts.at(-1);
    if (kind !== 'verbatim' && last?.kind === kind) last.value += value;
    else
      this.#parts.push(
        part(
          kind,
          value,
          undefined,
          this.#open.some((mark) => mark.href !== undefined),
        ),
      );
  }

  /** How many of the open marks must close before content with `marks`. */
  #closing(marks: Marks): number {
    const first = this.#open.findIndex((mark) => !marks.includes(mark));
    return first === -1 ? 0 : this.#open.length - first;
  }

  #close(): void {
    const mark = this.#open.pop()!;
    this.#parts.push(part('close', mark.close, mark));
  }

  /** `**Note:**text` is no emphasis: ends the emphasis before the punctuation. */
  #movePunctuationOut(next: string, closing: number): void {
    const last = this.#parts.at(-1);
    if (last?.kind !== 'text' || !isWord(firstChar(next)) || !isPunctuation(lastChar(last.value))) return;
    if (this.#open.slice(-closing).some((mark) => mark.delimiter === undefined)) return;
    const kept = withoutTrailingPunctuation(last.value);
    if (kept === '') return;
    this.#moved = last.value.slice(kept.length);
    last.value = kept;
  }

  #flushMoved(): void {
    if (this.#moved !== '') this.#push('text', this.#moved);
    this.#moved = '';
  }

  /**
   * `a**(b)**` is no emphasis either: starts it after the punctuation. Returns what is left for the
   * marks.
   */
  #leavePunctuationOut(value: string, opening: Mark[]): string {
    const last = this.#parts.at(-1);
    if (opening.length === 0 || last?.kind !== 'text' || !isWord(lastChar(last.value))) return value;
    if (!isPunctuation(firstChar(value)) || opening.some((mark) => mark.delimiter === undefined))
      return value;
    const rest = value.replace(/^[\p{P}\p{S}]+/u, '');
    last.value += value.slice(0, value.length - rest.length);
    const inner = rest.trimStart();
    if (inner !== '' && inner !== rest) this.#parts.push(part('space', ' '));
    return inner;
  }
}

function withoutTrailingPunctuation(text: string): string {
  let end = text.length;
  while (end > 0) {
    const char = lastChar(text.slice(0, end));
    if (!isPunctuation(char)) break;
    end -= char.length;
  }
  return text.slice(0, end).trimEnd();
}
