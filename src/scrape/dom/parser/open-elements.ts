import type { DomHandler, Element, ParentNode } from 'domhandler';

/**
 * Elements nested deeper than this become siblings of the element at the limit, so that recursion
 * over the tree is safe.
 */
export const MAX_DEPTH = 512;

/** The elements that are open, as the parser and the handler of its events know them. */
export class OpenElements {
  /** Their names, beginning with the innermost. */
  readonly names: string[];
  /** Their nodes, beginning with the document. */
  readonly nodes: ParentNode[];
  readonly #handler: DomHandler;

  constructor(names: string[], handler: DomHandler) {
    this.names = names;
    this.#handler = handler;
    this.nodes = handler['tagStack'];
  }

  get innermost(): ParentNode {
    return this.nodes.at(-1)!;
  }

  /** Whether another element may be opened. */
  get hasRoom(): boolean {
    return this.names.length < MAX_DEPTH;
  }

  open(name: string, attribs: Element['attribs']): Element {
    this.names.unshift(name);
    this.#handler.onopentag(name, { ...attribs });
    return this.innermost as Element;
  }

  /** Closes the element at a depth, and all that is open in it. */
  closeAt(depth: number): void {
    while (this.names.length >= depth) this.closeInnermost();
  }

  closeUpTo(name: string): void {
    for (let open = this.names[0]; open !== undefined; open = this.names[0]) {
      this.closeInnermost();
      if (open === name) return;
    }
  }

  closeInnermost(): void {
    this.names.shift();
    this.#handler.onclosetag();
  }

  /** Forgets the element at a depth, and puts nodes in its place. What is inside stays open. */
  replaceAt(depth: number, nodes: Element[]): void {
    this.nodes.splice(depth, 1, ...nodes);
    const names = nodes.map(({ name }) => name).toReversed();
    this.names.splice(this.names.length - depth, 1, ...names);
  }
}
