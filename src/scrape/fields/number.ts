import { magnitudeOf } from './magnitude.ts';

/** Languages whose decimals follow a comma. */
const DECIMAL_COMMA = new Set(
  'af bg bs ca cs da de el es et eu fi fr gl hr hu id is it lt lv mk nb nl nn no pl pt ro ru sk sl sq sr sv tr uk vi'.split(
    ' ',
  ),
);
const SPACED = /\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?!\d)(?:[.,]\d{1,20})?/;
const PLAIN = /\d{1,30}(?:[.,]\d{1,30}){0,20}/;
/** Groups of thousands; in India those before the last have two digits. */
const GROUPS = /^\d{1,3}(?:[.,]\d{2,3})*[.,]\d{3}$/;
/**
 * The zeros of scripts with digits of their own: Arabic, Persian, Indian, Bengali, Thai, full
 * width.
 */
const ZEROS = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10];
/** How far into a text its number may stand. */
const MAX_CHARS = 1000;
/** `1½`, `½`, `1 1/2`: what the fraction adds to the number before it. `4/5` alone is a rating. */
const VULGAR =
  /^(?:[ \u00a0\u202f]?([\u00bc-\u00be\u2150-\u215e])|[ \u00a0\u202f]([1-9])[/\u2044]([2-9])(?![\d/]))/;
const EXPONENT = /^[eE]([+-]?\d{1,3})(?![\p{L}\d])/u;
/** Nothing after the comma: `1.234,-`. */
const NO_CENTS = /^,\s?[-–—]/;
/**
 * A sum that an accountant takes away: `($5)`, `(1,234.00)`. A number in parentheses is a count.
 */
const TAKEN_AWAY = /^\((?=[^)]*(?:\p{Sc}|[.,]\d\d\)))[\p{Sc}\d\s.,'’]{1,40}\)$/u;

/** The text with the digits of ASCII. */
export function withPlainDigits(text: string): string {
  return text
    .replace(/(?![0-9])\p{Nd}/gu, (digit) => {
      const code = digit.codePointAt(0)!;
      const zero = ZEROS.find((first) => code >= first && code <= first + 9);
      return zero === undefined ? digit : String(code - zero);
    })
    .replaceAll('\u066b', '.')
    .replaceAll('\u066c', ',');
}

/** The text of a number with a point for its decimals, and nothing between its thousands. */
function normalised(digits: string, decimalComma: boolean): string {
  const bare = digits.replace(/[ \u00a0\u202f'’]/g, '');
  const signs = bare.replace(/\d/g, '');
  if (signs === '') return bare;
  const last = signs.at(-1)!;
  const isMixed = signs.includes('.') && signs.includes(',');
  const isRepeated = !isMixed && signs.length > 1;
  const groups = /^[1-9]\d{0,2}[.,]\d{3}$/.test(bare) && (last === ',') !== decimalComma;
  const isDecimal = isMixed || (!isRepeated && !groups);
  const end = isDecimal ? bare.lastIndexOf(last) : bare.length;
  if (isRepeated && !GROUPS.test(bare)) return 'NaN';
  const whole = bare.slice(0, end).replace(/[.,]/g, '');
  return isDecimal ? `${whole}.${bare.slice(end + 1)}` : whole;
}

interface Found {
  value: number;
  /** Where the text of the number begins and ends. */
  start: number;
  end: number;
}

/** The first number from a place on. */
function find(source: string, from: number, language: string | null): Found | null {
  const rest = source.slice(from);
  const [plain, spaced] = [PLAIN.exec(rest), SPACED.exec(rest)];
  if (plain === null) return null;
  const found = spaced !== null && spaced.index <= plain.index ? spaced : plain;
  const start = rest.slice(0, found.index);
  const isFraction = /^\d+$/.test(found[0]) && /(?<![\p{L}\d])[.,]$/u.test(start);
  const begin = from + found.index - (isFraction ? 1 : 0);
  const end = from + found.index + found[0].length;
  const after = source.slice(end);
  const comma = NO_CENTS.test(after) || DECIMAL_COMMA.has(language?.split('-')[0]?.toLowerCase() ?? '');
  const digits = isFraction ? `0.${found[0]}` : normalised(found[0], comma);
  const exponent = EXPONENT.exec(after);
  if (exponent !== null)
    return { value: Number(digits + exponent[0]), start: begin, end: end + exponent[0].length };
  const added = digits.includes('.') ? null : fractionAt(after);
  if (added !== null) return { value: Number(digits) + added.value, start: begin, end: end + added.length };
  const magnitude = magnitudeOf(source.slice(0, begin), source.slice(end), language);
  return { value: Number(`${digits}e${magnitude.exponent}`), start: begin, end: end + magnitude.length };
}

/** The fraction that a text begins with. */
function fractionAt(text: string): { value: number; length: number } | null {
  const [all, sign, above, below] = VULGAR.exec(text) ?? [];
  if (all === undefined) return null;
  const [numerator, denominator] =
    sign === undefined ? [Number(above), Number(below)] : sign.normalize('NFKC').split('\u2044').map(Number);
  return { value: numerator! / denominator!, length: all.length };
}

/** How many numbers may make up one, as in `1億2000万`. */
const MAX_PARTS = 3;
const SIGNS = /[千천万萬만億亿억]$/;

/**
 * The first number in a text, however its thousands and decimals are written: `1.234,56 €`,
 * `$1,234.50`, `1 234`, `1.5k`, `2 Mio.`, `3万`. Where both readings are possible, as in `1.234`,
 * the language decides. Null where there is none.
 */
export function readNumber(text: string, language: string | null): number | null {
  // A fraction that no whole number stands before has nothing before it.
  const source = withPlainDigits(text.slice(0, MAX_CHARS)).replace(/(?<![\d\s])\s*(?=[¼-¾⅐-⅞])/u, '$&0');
  const first = find(source, 0, language);
  if (first === null || !Number.isFinite(first.value)) return null;
  let [value, end] = [first.value, first.end];
  for (let i = 0; i < MAX_PARTS && SIGNS.test(source.slice(0, end)); i++) {
    const next = find(source, end, language);
    if (next === null || source.slice(end, next.start).trim() !== '' || !(next.value < value)) break;
    value += next.value;
    ({ end } = next);
  }
  const before = source.slice(0, first.start);
  const isNegative =
    /(?:^|[\s(])[-−](?:\s?\p{Sc})?$|^\p{Sc}\s?[-−]$/u.test(before.trimEnd()) ||
    /^\s*–$/.test(before) ||
    TAKEN_AWAY.test(source.trim());
  return isNegative ? -value : value;
}
