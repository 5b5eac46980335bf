import { codeSpan, escapeText } from './escape.ts';
import { canClose, canOpen, characterReference, isPunctuation, isWord, lastChar, firstChar } from './flanking.ts';

/** A format that spans inline content. Two neighbours with the same Mark object are one span. */
export interface Mark {
  open: string;
  close: string;
  /** The character of an emphasis delimiter run, which CommonMark only recognises in some surroundings. */
  delimiter?: '*' | '~';
  /** The target of a link, for a `<…>` autolink when that is the text as well. */
  href?: string;
  /** A link that has been written already, or is to be written in a heading further on. */
  spent?: boolean;
  awaitsHeading?: boolean;
}

export const EMPHASIS: Mark = { open: '*', close: '*', delimiter: '*' };
export const STRONG: Mark = { open: '**', close: '**', delimiter: '*' };
export const DELETED: Mark = { open: '~~', close: '~~', delimiter: '~' };
export const SUBSCRIPT: Mark = { open: '<sub>', close: '</sub>' };
export const SUPERSCRIPT: Mark = { open: '<sup>', close: '</sup>' };

export type Marks = readonly Mark[];

type RunKind = 'text' | 'verbatim' | 'break';

interface Run {
  kind: RunKind;
  value: string;
  marks: Marks;
}

/** A stretch of output. `text` is still to be escaped; `open` and `close` are those of marks. */
interface Part {
  kind: 'text' | 'verbatim' | 'space' | 'open' | 'close';
  value: string;
  mark?: Mark;
  inLink: boolean;
  /** Write the first or last character as a character reference, so that the delimiter beside it counts as one. */
  referenceFirst?: boolean;
  referenceLast?: boolean;
}

const NEEDS_COLLAPSE = /[\t\n\r\f]| {2}/;

/** Collects the inline content of one block and writes it as Markdown. */
export class InlineBuffer {
  #runs: Run[] = [];
  /** True where HTML would drop a space: at the start, after a space and after a break. */
  #afterSpace = true;

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  /** How often the content has been taken. */
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
    let text = NEEDS_COLLAPSE.test(data) ? data.replace(/[ \t\n\r\f]+/g, ' ') : data;
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
    this.verbatim(codeSpan(code), marks);
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
    const parts = new PartList();
    for (const run of runs) parts.add(run);
    return join(parts.end());
  }
}

function single({ kind, value }: Run): string {
  if (kind === 'break') return '';
  return kind === 'text' ? escapeText(value.trim(), { before: '', after: '', inLink: false }) : value;
}

/** Turns runs into parts: closes and opens marks where they change, with the white space between outside of both. */
class PartList {
  readonly #parts: Part[] = [];
  readonly #open: Mark[] = [];
  #space = '';
  #started = false;

  add({ kind, value, marks }: Run): void {
    if (kind === 'break') {
      this.#space = value;
      return;
    }
    if (kind === 'verbatim') return this.#content('verbatim', value, marks);
    const start = value.search(/\S/);
    if (start === -1) return this.#pad(value);
    const end = value.trimEnd().length;
    this.#pad(value.slice(0, start));
    this.#content('text', value.slice(start, end), marks);
    this.#pad(value.slice(end));
  }

  #pad(space: string): void {
    if (space !== '' && !/\n|<br>/.test(this.#space))
      this.#space = this.#space === '' ? space : this.#space + space.trimStart();
  }

  #content(kind: 'text' | 'verbatim', value: string, allMarks: Marks): void {
    const marks = allMarks.some((mark) => mark.spent) ? allMarks.filter((mark) => mark.spent !== true) : allMarks;
    let rest = value;
    const gap = this.#started ? this.#space : '';
    const closing = this.#closing(marks);
    if (kind === 'text' && gap === '' && closing > 0) this.#movePunctuationOut(rest, closing);
    for (let i = 0; i < closing && this.#open.length > 0; i++) this.#close();
    this.#flushMoved();
    if (gap !== '') this.#parts.push({ kind: 'space', value: gap, inLink: false });
    this.#space = '';
    this.#started = true;
    const opening = marks.filter((mark) => !this.#open.includes(mark));
    if (kind === 'text' && gap === '' && closing === 0) rest = this.#leavePunctuationOut(rest, opening);
    if (rest === '') return;
    for (const mark of opening) {
      this.#open.push(mark);
      this.#parts.push({ kind: 'open', value: mark.open, mark, inLink: false });
    }
    this.#push(kind, rest);
  }

  #push(kind: 'text' | 'verbatim', value: string): void {
    const last = this.#parts.at(-1);
    if (kind === 'text' && last?.kind === 'text') last.value += value;
    else this.#parts.push({ kind, value, inLink: this.#open.some((mark) => mark.href !== undefined) });
  }

  /** How many of the open marks must close before content with `marks`. */
  #closing(marks: Marks): number {
    const first = this.#open.findIndex((mark) => !marks.includes(mark));
    return first === -1 ? 0 : this.#open.length - first;
  }

  #close(): void {
    const mark = this.#open.pop()!;
    this.#parts.push({ kind: 'close', value: mark.close, mark, inLink: false });
  }

  #moved = '';

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

  /** `a**(b)**` is no emphasis either: starts it after the punctuation. Returns what is left for the marks. */
  #leavePunctuationOut(value: string, opening: Mark[]): string {
    const last = this.#parts.at(-1);
    if (opening.length === 0 || last?.kind !== 'text' || !isWord(lastChar(last.value))) return value;
    if (!isPunctuation(firstChar(value)) || opening.some((mark) => mark.delimiter === undefined)) return value;
    const rest = value.replace(/^[\p{P}\p{S}]+/u, '');
    last.value += value.slice(0, value.length - rest.length);
    return rest;
  }

  end(): Part[] {
    while (this.#open.length > 0) this.#close();
    for (const { mark } of this.#parts) if (mark?.href !== undefined) mark.spent = true;
    return this.#parts;
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

/** Sees to it that every emphasis delimiter stands where CommonMark takes it for one. */
function secureDelimiters(parts: Part[]): void {
  for (let i = 0; i < parts.length; i++) {
    const delimiter = parts[i]!.mark?.delimiter;
    if (delimiter === undefined) continue;
    let end = i;
    while (parts[end + 1]?.mark?.delimiter === delimiter) end++;
    const before = parts[i - 1];
    const after = parts[end + 1];
    const left = lastChar(before?.value ?? '');
    const right = firstChar(after?.value ?? '');
    const run = parts.slice(i, end + 1);
    if (run.some(({ kind }) => kind === 'close') && !canClose(left, right) && after?.kind === 'text')
      after.referenceFirst = true;
    if (run.some(({ kind }) => kind === 'open') && !canOpen(left, right) && before?.kind === 'text')
      before.referenceLast = true;
    i = end;
  }
}

/** Writes a link whose text is its own address as `<address>`. */
function withAutolinks(parts: Part[]): Part[] {
  const out: Part[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const text = parts[i + 1];
    out.push(part);
    if (part.kind !== 'open' || part.mark?.href === undefined || text?.kind !== 'text') continue;
    const close = parts[i + 2];
    if (close?.mark !== part.mark || close.value.endsWith('")') || !isAutolink(text.value, part.mark.href)) continue;
    out[out.length - 1] = { kind: 'verbatim', value: `<${text.value}>`, inLink: true };
    i += 2;
  }
  return out;
}

function isAutolink(text: string, href: string): boolean {
  if (/^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/.test(text)) return href === `mailto:${text}`;
  return /^[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>`\\|]*$/.test(text) && URL.parse(text)?.href === href;
}

function join(unlinked: Part[]): string {
  const parts = withAutolinks(unlinked);
  secureDelimiters(parts);
  let out = '';
  for (const [i, part] of parts.entries()) {
    if (part.kind !== 'text') {
      out += part.value;
      continue;
    }
    const before = i === 0 || parts[i - 1]!.value.endsWith('\n') ? '' : lastChar(parts[i - 1]!.value);
    const after = firstChar(parts[i + 1]?.value ?? '').replace(/[\\\n]/, '');
    const first = part.referenceFirst === true ? firstChar(part.value) : '';
    const last = part.referenceLast === true && part.value !== first ? lastChar(part.value) : '';
    const middle = part.value.slice(first.length, part.value.length - last.length);
    const surroundings = { before: first === '' ? before : ';', after: last === '' ? after : '&', inLink: part.inLink };
    out += characterReference(first) + escapeText(middle, surroundings) + characterReference(last);
  }
  return out;
}
