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

export type Marks = readonly Mark[];
