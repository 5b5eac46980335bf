/** A format that spans inline content. Two neighbours with the same Mark object are one span. */
export interface Mark {
  open: string;
  close: string;
  /** The character of an emphasis delimiter run, which CommonMark only recognises in some surroundings. */
  delimiter?: '*' | '_' | '~';
  /** The target of a link, for a `<…>` autolink when that is the text as well. */
  href?: string;
  /** A link that has been written already, or is to be written in a heading further on. */
  spent?: boolean;
  awaitsHeading?: boolean;
}

export const EMPHASIS: Mark = { open: '*', close: '*', delimiter: '*' };
/** For where `*` would be read with the delimiters of strong emphasis around it. */
export const UNDERSCORE_EMPHASIS: Mark = { open: '_', close: '_', delimiter: '_' };
export const STRONG: Mark = { open: '**', close: '**', delimiter: '*' };
export const DELETED: Mark = { open: '~~', close: '~~', delimiter: '~' };
export const SUBSCRIPT: Mark = { open: '<sub>', close: '</sub>' };
export const SUPERSCRIPT: Mark = { open: '<sup>', close: '</sup>' };

export type Marks = readonly Mark[];
