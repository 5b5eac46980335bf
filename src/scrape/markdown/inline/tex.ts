/** A piece of text, or a formula in TeX. */
export interface TexPiece {
  text: string;
  /** Null for text. */
  formula: { tex: string; display: boolean } | null;
}

interface Delimiter {
  open: string;
  close: string;
  display: boolean;
  /** Whether the signs are part of the TeX. */
  kept?: true;
}

const DELIMITERS: Delimiter[] = [
  { open: '$$', close: '$$', display: true },
  { open: '\\[', close: '\\]', display: true },
  { open: '\\(', close: '\\)', display: false },
  { open: '$', close: '$', display: false },
];
/** Environments that scripts typeset without other signs. */
const ENVIRONMENT = '(?:equation|align|alignat|gather|multline|flalign|eqnarray|displaymath|math)\\*?';
const OPENING = new RegExp(`\\$\\$?|\\\\[[(]|\\\\begin\\{${ENVIRONMENT}\\}`, 'g');
/** How far an end is looked for, in characters: a sign that opens nothing costs no more. */
const MAX_FORMULA = 2000;
/** What TeX has and prices do not: a command, or a sub- or superscript in braces. */
const TEX = /(?<!\\)(?:\\\\)*\\[a-zA-Z]{2}|[_^]\{/;
/**
 * What is enough between signs that are hardly anything else: a letter, a relation, an operation.
 */
const MATHS = /^\s*[a-zA-Z]'?\s*$|[\w})\]](?:\s*[=<>]|[_^][\w\\({]|\s*\+\s*[\w\\({]|\s[*/-]\s)/;
/** What no formula has: an address, a character reference, a sub- or superscript of nothing. */
const NO_TEX = /:\/\/|&#?\w{1,31};|[_^](?:[_^]|$)/;

/**
 * The formula that opens at `start`, and where it ends; null where nothing closes it or it is no
 * TeX.
 */
function formulaAt(
  source: string,
  start: number,
  { open, close, kept }: Delimiter,
): { tex: string; end: number } | null {
  const from = start + open.length;
  const length = closingOf(source.slice(from, from + MAX_FORMULA), close);
  if (length < 1) return null;
  const tex = source.slice(from, from + length);
  const end = from + length + close.length;
  const isTex = TEX.test(tex) || (open !== '$' && MATHS.test(tex));
  if (!isTex || NO_TEX.test(tex) || !isBalanced(tex)) return null;
  if (open === '$' && (tex.trim() !== tex || /\d/.test(source[end] ?? ''))) return null;
  if (/\n\s*\n/.test(tex)) return null;
  const whole = kept ? source.slice(start, end) : tex;
  return { tex: whole.replace(/\s+/g, ' ').trim(), end };
}

function delimiterOf(open: string): Delimiter {
  const known = DELIMITERS.find((delimiter) => delimiter.open === open);
  return known ?? { open, close: open.replace('begin', 'end'), display: true, kept: true };
}

/** Where the first closing sign stands that no backslash escapes; -1 where there is none. */
function closingOf(text: string, close: string): number {
  let at = text.indexOf(close);
  while (at >= 0 && isEscaped(text, at)) at = text.indexOf(close, at + 1);
  return at;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') before--;
  return (at - before) % 2 === 1;
}

/** Whether the braces that are no signs of their own come in pairs. */
function isBalanced(tex: string): boolean {
  let depth = 0;
  for (const [sign] of tex.matchAll(/\\.|[{}]/g)) {
    if (sign === '{') depth++;
    else if (sign === '}' && --depth < 0) return false;
  }
  return depth === 0;
}

/**
 * Splits text at the formulas that a script would typeset: `$$…$$`, `\[…\]`, `\(…\)`, `$…$` and
 * environments like `\begin{align}`, where they hold TeX.
 */
export function splitTex(source: string): TexPiece[] {
  const pieces: TexPiece[] = [];
  let done = 0;
  for (const { 0: sign, index } of source.matchAll(OPENING)) {
    if (index < done || source[index - 1] === '\\') continue;
    const delimiter = delimiterOf(sign);
    const found = formulaAt(source, index, delimiter);
    if (found === null) continue;
    pieces.push({ text: source.slice(done, index), formula: null });
    pieces.push({ text: '', formula: { tex: found.tex, display: delimiter.display } });
    done = found.end;
  }
  if (done < source.length) pieces.push({ text: source.slice(done), formula: null });
  return pieces;
}
