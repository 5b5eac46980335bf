/** A format that spans inline content. Two neighbours with the same Mark object are one span. */
export interface Mark {
  open: string;
  close: string;
  /**
   * The character of an emphasis delimiter run, which CommonMark only recognises in some
   * surroundings.
   */
  delimiter: '*' | '_' | '~' | undefined;
  /** The target of a link, for a `<…>` autolink when that is the text as well. */
  href: string | undefined;
  /** A link that is already written, or that waits for a heading. */
  spent: boolean;
  awaitsHeading: boolean;
}

function format(open: string, close: string, delimiter?: Mark['delimiter']): Mark {
  return { open, close, delimiter, href: undefined, spent: false, awaitsHeading: false };
}

export const EMPHASIS = format('*', '*', '*');
/** Emphasis where `*` would pair with the delimiters of the strong emphasis around it. */
export const UNDERSCORE_EMPHASIS = format('_', '_', '_');
export const STRONG = format('**', '**', '*');
export const DELETED = format('~~', '~~', '~');
export const SUBSCRIPT = format('<sub>', '</sub>');
export const SUPERSCRIPT = format('<sup>', '</sup>');

const STYLES: [RegExp, Mark][] = [
  [/font-weight\s{0,9}:\s{0,9}(?:bold|[6-9]00\b)/i, STRONG],
  [/font-style\s{0,9}:\s{0,9}italic/i, EMPHASIS],
  [/text-decoration(?:-line)?\s{0,9}:\s{0,9}line-through/i, DELETED],
];
const MAX_STYLE = 2000;

/** The formats that an element has by its own style alone, as editors of text write them. */
export function marksOfStyle(style: string): Mark[] {
  const text = style.slice(0, MAX_STYLE);
  return STYLES.filter(([pattern]) => pattern.test(text)).map(([, mark]) => mark);
}

export type Marks = readonly Mark[];
