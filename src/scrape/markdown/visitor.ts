import type { ChildNode } from 'domhandler';
import type { Footnotes } from './footnotes.ts';
import type { InlineBuffer, InlineMode } from './inline/buffer.ts';
import type { Mark, Marks } from './inline/marks.ts';
import type { BlockWriter } from './writer.ts';

/** What the functions that render one kind of element see of the walk over the tree. */
export interface MarkdownVisitor {
  /** The URL that references resolve against. */
  readonly base: string;
  readonly writer: BlockWriter;
  /** The inline content of the block that is open. */
  readonly inline: InlineBuffer;
  readonly footnotes: Footnotes;
  /** The marks of the inline content that follows. */
  marks: Marks;
  /** Where only inline content can stand: the reason. Null where blocks can. */
  readonly mode: InlineMode | null;
  /** Whether a list item is open. */
  readonly inListItem: boolean;

  visit(node: ChildNode): void;
  children(nodes: ChildNode[]): void;
  /** Ends the current paragraph; where only inline content can stand, the current piece of text. */
  boundary(): void;
  /** Writes the collected inline content as a paragraph. */
  flush(): void;
  /** Renders nodes on one line, apart from what is around them, and returns that line. */
  inlineOnly(mode: InlineMode, nodes: ChildNode[]): string;
  withMark(mark: Mark, nodes: ChildNode[]): void;
}
