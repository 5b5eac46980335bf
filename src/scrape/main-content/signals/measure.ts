/** Counts of one stretch of text. */
export interface Measure {
  words: number;
  chars: number;
  digits: number;
  capitals: number;
  /** Marks that end or part sentences. */
  stops: number;
  commas: number;
  /** Words inside links. */
  linked: number;
  /** Words inside buttons. */
  pressed: number;
}
/** A measure of nothing. */
export const newMeasure = (): Measure => ({
  words: 0,
  chars: 0,
  digits: 0,
  capitals: 0,
  stops: 0,
  commas: 0,
  linked: 0,
  pressed: 0,
});

/** HTML's white space, and the no-break space. */
export const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13) || code === 0xa0;
const isWide = (code: number): boolean =>
  (code >= 0x2e80 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7af);

/** Adds the counts of a text; returns its words. Two ideographs count as a word. */
export function count(measure: Measure, text: string): number {
  const before = measure.words;
  let inWord = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const lower = code >= 97 && code <= 122;
    const upper = code >= 65 && code <= 90;
    const digit = code >= 48 && code <= 57;
    const letter =
      lower ||
      upper ||
      digit ||
      code === 95 ||
      (code >= 0xc0 && !(code >= 0x2000 && code <= 0x206f) && !(code >= 0x3000 && code <= 0x303f));
    if (!isSpace(code)) measure.chars++;
    if (digit) measure.digits++;
    if (upper) measure.capitals++;
    if (code === 46 || code === 33 || code === 63 || code === 0x3002) measure.stops++;
    if (code === 44 || code === 0x3001 || code === 0xff0c) measure.commas++;
    if (letter && isWide(code)) measure.words += 0.5;
    else if (letter && !inWord) measure.words++;
    inWord = letter;
  }
  return measure.words - before;
}

/** Adds one measure to another. */
export function add(to: Measure, from: Measure): void {
  to.words += from.words;
  to.chars += from.chars;
  to.digits += from.digits;
  to.capitals += from.capitals;
  to.stops += from.stops;
  to.commas += from.commas;
  to.linked += from.linked;
  to.pressed += from.pressed;
}
