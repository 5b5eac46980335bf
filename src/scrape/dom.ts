import { DomHandler, type Document, type Element } from 'domhandler';
import { Parser } from 'htmlparser2';

/** Elements nested deeper than this become siblings of the element at the limit, so that recursion over the tree is safe. */
export const MAX_DEPTH = 512;

/** A DomHandler that never nests elements deeper than MAX_DEPTH. */
class ShallowHandler extends DomHandler {
  #excess = 0;

  override onopentag(name: string, attribs: Record<string, string>): void {
    super.onopentag(name, attribs);
    if (this.tagStack.length > MAX_DEPTH) {
      this.tagStack.pop();
      this.#excess++;
    }
  }

  override onclosetag(): void {
    if (this.#excess > 0) this.#excess--;
    else super.onclosetag();
  }
}

/** Parses HTML in linear time into a tree at most MAX_DEPTH elements deep. Never throws on malformed input. */
export function parseHtml(html: string): Document {
  const handler = new ShallowHandler(null, { withStartIndices: false, withEndIndices: false });
  const parser = new Parser(handler, { decodeEntities: true, lowerCaseTags: true, lowerCaseAttributeNames: true });
  parser.write(html);
  parser.end();
  return handler.root;
}

/** True for elements (also script and style, which domhandler types apart). */
export function isElement(node: { type: string } | null | undefined): node is Element {
  return node != null && (node.type === 'tag' || node.type === 'script' || node.type === 'style');
}
