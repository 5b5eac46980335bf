import { DomHandler, type Element, Text } from 'domhandler';
import { endOfPiece } from '../../long-text/in-pieces.ts';

/**
 * The most characters of a text node. What reads a text changes it at once, which takes many times
 * its size in memory: a longer one becomes several nodes, parted where white space is.
 */
const MAX_TEXT = 64 * 1024;
/** How far from the end of a node white space is looked for. */
const MAX_WORD = 200;
/**
 * V8 keeps a text that grew part by part as its parts, which take up to thirty times as much
 * memory, until an expression is matched against it.
 */
const ANY = /^/;
/** Elements whose text is read as a whole: code, and what stands on one line. */
const WHOLE = new Set(['script', 'style', 'title', 'textarea']);

/** Builds the tree of a page, whose texts are of bounded length. */
export class TreeBuilder extends DomHandler {
  override ontext(data: string): void {
    const last = this.lastNode instanceof Text ? this.lastNode : null;
    const length = last === null ? 0 : last.data.length;
    if (length + data.length <= MAX_TEXT || WHOLE.has((this.tagStack.at(-1) as Element).name))
      return super.ontext(data);
    if (last !== null) ANY.test(last.data);
    for (let from = 0; from < data.length;) {
      const end = endOfText(data, from);
      this.lastNode = null;
      super.ontext(data.slice(from, end));
      from = end;
    }
  }
}

function endOfText(data: string, from: number): number {
  const end = endOfPiece(data, from, MAX_TEXT);
  if (end === data.length) return end;
  for (let at = end; at > end - MAX_WORD; at--) {
    const code = data.charCodeAt(at - 1);
    if (code === 0x20 || code === 0x0a) return at;
  }
  return end;
}
