import {
  canClose,
  canOpen,
  firstChar,
  flanks,
  isPunctuation,
  isWord,
  lastChar,
  type Reading,
} from './flanking.ts';
import type { Mark } from './marks.ts';
import type { Part } from './part.ts';

/**
 * The character at one edge of a part as its neighbours see it; `char` is firstChar or lastChar.
 */
export function edge(part: Part | undefined, char: (text: string) => string): string {
  return part?.kind === 'code' ? '`' : char(part?.value ?? '');
}

/** The last character of what is written for a part. */
function leftOf(part: Part | undefined): string {
  const last = edge(part, lastChar);
  const isReference =
    part !== undefined && (part.referenceLast || (part.referenceFirst && part.value === last));
  return isReference ? ';' : last;
}

/** The first character of what is written for a part. */
function rightOf(part: Part | undefined): string {
  const first = edge(part, firstChar);
  const isReference =
    part !== undefined && (part.referenceFirst || (part.referenceLast && part.value === first));
  return isReference ? '&' : first;
}

/** Adjacent delimiters of one kind, which CommonMark reads as one run. */
interface DelimiterRun {
  delimiter: Mark['delimiter'];
  before: Part | undefined;
  after: Part | undefined;
  /** The number of characters meant to close and to open. */
  closes: number;
  opens: number;
  /** The index of the part after the run. */
  end: number;
}

function delimiterRun(parts: Part[], start: number): DelimiterRun {
  const delimiter = parts[start]!.mark!.delimiter;
  const run: DelimiterRun = {
    delimiter,
    before: parts[start - 1],
    after: undefined,
    closes: 0,
    opens: 0,
    end: start,
  };
  for (let part = parts[start]; part?.mark?.delimiter === delimiter; part = parts[++run.end]) {
    if (part!.kind === 'close') run.closes += part!.value.length;
    else run.opens += part!.value.length;
  }
  run.after = parts[run.end];
  return run;
}

/**
 * A character reference changes what the delimiter on its other side sees, so one pass can make
 * another necessary. The bound is the depth to which marks nest.
 */
const MAX_PASSES = 8;

/**
 * Writes a character reference beside every emphasis delimiter that CommonMark would otherwise read
 * as text.
 */
export function secureDelimiters(parts: Part[]): void {
  for (let pass = 0; pass < MAX_PASSES && secureOnce(parts); pass++);
}

/** Makes one pass. Returns whether it changed anything. */
function secureOnce(parts: Part[]): boolean {
  let changed = false;
  for (let i = 0; i < parts.length;) {
    if (parts[i]!.mark?.delimiter === undefined) {
      i++;
      continue;
    }
    const run = delimiterRun(parts, i);
    if (secureRun(run)) changed = true;
    i = run.end;
  }
  return changed;
}

function secureRun({ delimiter, before, after, closes, opens }: DelimiterRun): boolean {
  const left = leftOf(before);
  const right = rightOf(after);
  const strict = delimiter === '_';
  const secureClose =
    closes > 0 && (strict || !canClose(left, right)) && isWord(right) && after?.kind === 'text';
  const secureOpen =
    opens > 0 && (strict || !canOpen(left, right)) && isWord(left) && before?.kind === 'text';
  if (secureClose) after.referenceFirst = true;
  if (secureOpen) before.referenceLast = true;
  return secureClose || secureOpen;
}

interface Opener {
  count: number;
  length: number;
  canClose: boolean;
}

/**
 * The topmost opener above the last link boundary that a closing run may pair with ("rule of three"
 * included).
 */
function openerFor(stack: (Opener | null)[], length: number, alsoOpens: boolean): number {
  for (let i = stack.length - 1; i >= 0 && stack[i] !== null; i--) {
    const opener = stack[i]!;
    const eitherWay = opener.canClose || alsoOpens;
    if (!eitherWay || (opener.length + length) % 3 !== 0 || (opener.length % 3 === 0 && length % 3 === 0))
      return i;
  }
  return -1;
}

/**
 * Pairs one run by the rules of CommonMark 0.31 ("process emphasis"). Returns false when that is
 * not the intended pairing.
 */
function pair(stack: (Opener | null)[], run: DelimiterRun, reading: Reading): boolean {
  const { before, after, closes, opens, delimiter } = run;
  const left = leftOf(before);
  const right = rightOf(after);
  const flanksRight = flanks(right, left, reading);
  const flanksLeft = flanks(left, right, reading);
  const isUnderscore = delimiter === '_';
  const canOpenHere = flanksRight && (!isUnderscore || !flanksLeft || isPunctuation(left));
  const canCloseHere = flanksLeft && (!isUnderscore || !flanksRight || isPunctuation(right));
  const length = closes + opens;
  let rest = length;
  while (rest > 0) {
    const index = canCloseHere ? openerFor(stack, length, canOpenHere) : -1;
    if (index === -1) break;
    if (index !== stack.length - 1) return false;
    const opener = stack[index]!;
    const used = Math.min(2, rest, opener.count);
    rest -= used;
    opener.count -= used;
    if (opener.count === 0) stack.pop();
  }
  if (rest !== opens || (rest > 0 && !canOpenHere)) return false;
  if (rest > 0) stack.push({ count: rest, length, canClose: canCloseHere });
  return true;
}

function holds(parts: Part[], delimiter: '*' | '_', reading: Reading): boolean {
  const stack: (Opener | null)[] = [];
  for (let i = 0; i < parts.length;) {
    const { mark, kind } = parts[i]!;
    if (mark?.delimiter === delimiter) {
      const run = delimiterRun(parts, i);
      if (!pair(stack, run, reading)) return false;
      i = run.end;
      continue;
    }
    if (mark?.href !== undefined) {
      if (kind === 'open') stack.push(null);
      else if (stack.pop() !== null) return false;
    }
    i++;
  }
  return stack.length === 0;
}

/**
 * Whether CommonMark pairs all delimiters as intended, whichever class it gives the characters
 * beside them.
 */
export function emphasisHolds(parts: Part[]): boolean {
  return (['punctuation', 'word'] as const).every(
    (reading) => holds(parts, '*', reading) && holds(parts, '_', reading),
  );
}
