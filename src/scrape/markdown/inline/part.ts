import type { Mark, Marks } from './marks.ts';

export type ContentKind = 'text' | 'code' | 'verbatim';

/** Inline content with the marks it has. */
export interface Run {
  kind: ContentKind | 'break';
  value: string;
  marks: Marks;
}

/**
 * A stretch of output. `text` and `code` are still to be escaped; `open` and `close` are those of
 * marks.
 */
export interface Part {
  kind: ContentKind | 'space' | 'open' | 'close';
  value: string;
  mark: Mark | undefined;
  inLink: boolean;
  /**
   * Write the first or last character as a character reference, so that the delimiter beside it
   * counts as one.
   */
  referenceFirst: boolean;
  referenceLast: boolean;
}
