import type { DomHandler } from 'domhandler';
import { Parser } from 'htmlparser2';
import { BLOCK_ELEMENTS } from './elements.ts';

/** Elements nested deeper than this become siblings of the element at the limit, so that recursion over the tree is safe. */
export const MAX_DEPTH = 512;

/** Elements whose content is not text of the page, even where they are flattened. */
const OPAQUE = new Set([
  'script',
  'style',
  'template',
  'noscript',
  'title',
  'textarea',
  'iframe',
  'svg',
  'select',
]);

/** How markup is read: in XHTML `<script/>` and `<div/>` are empty elements, and CDATA sections are text. */
export type Syntax = 'html' | 'xhtml';

/**
 * A Parser that keeps at most MAX_DEPTH elements open. What opens beyond that is emitted as an empty element and
 * remembered only until its end tag, where the end of a block becomes a line break in the text. The bound also keeps htmlparser2's own stacks short: it searches and shifts
 * them at every tag, which is quadratic in the depth.
 */
export class BoundedParser extends Parser {
  readonly #handler: DomHandler;
  readonly #syntax: Syntax;
  readonly #excess: string[] = [];
  readonly #excessCount = new Map<string, number>();
  #opaque = 0;
  #flattened: string | null = null;

  constructor(handler: DomHandler, syntax: Syntax) {
    const recognizeSelfClosing = syntax === 'xhtml';
    super(handler, {
      decodeEntities: true,
      lowerCaseTags: true,
      lowerCaseAttributeNames: true,
      recognizeSelfClosing,
    });
    this.#handler = handler;
    this.#syntax = syntax;
  }

  override onopentagname(start: number, endIndex: number): void {
    super.onopentagname(start, endIndex);
    if (this['foreignContext'].length > MAX_DEPTH) this['foreignContext'].pop();
    if (this['stack'].length <= MAX_DEPTH) return;
    this.#flattened = this['stack'].shift() ?? null;
  }

  override onopentagend(endIndex: number): void {
    super.onopentagend(endIndex);
    if (this.#flattened === null) return;
    this.#pushExcess(this.#flattened);
    this.#closeFlattened();
  }

  override onselfclosingtag(endIndex: number): void {
    if (this.#flattened === null) return super.onselfclosingtag(endIndex);
    if (this.#syntax === 'xhtml' || this['foreignContext'][0] === true) {
      super.onopentagend(endIndex);
      this.#closeFlattened();
    } else this.onopentagend(endIndex);
  }

  override onclosetag(start: number, endIndex: number): void {
    if (this.#excess.length > 0) {
      const name = this['getSlice'](start, endIndex).toLowerCase();
      if ((this.#excessCount.get(name) ?? 0) > 0) {
        this.#popExcess(name);
        this.endIndex = endIndex;
        this.startIndex = endIndex + 1;
        return;
      }
      if (this['stack'].includes(name)) this.#clearExcess();
    }
    super.onclosetag(start, endIndex);
  }

  override ontext(start: number, endIndex: number): void {
    if (this.#opaque === 0) super.ontext(start, endIndex);
  }

  override ontextentity(codePoint: number, endIndex: number): void {
    if (this.#opaque === 0) super.ontextentity(codePoint, endIndex);
  }

  override oncdata(start: number, endIndex: number, offset: number): void {
    if (this.#syntax === 'html') return super.oncdata(start, endIndex, offset);
    this.ontext(start, endIndex - offset);
    this.startIndex = endIndex + 1;
  }

  #closeFlattened(): void {
    this.#flattened = null;
    this.#handler.onclosetag();
  }

  #pushExcess(name: string): void {
    this.#excess.push(name);
    this.#excessCount.set(name, (this.#excessCount.get(name) ?? 0) + 1);
    if (OPAQUE.has(name)) this.#opaque++;
  }

  #popExcess(until: string): void {
    for (let name = this.#excess.pop(); name !== undefined; name = this.#excess.pop()) {
      this.#excessCount.set(name, (this.#excessCount.get(name) ?? 0) - 1);
      if (OPAQUE.has(name)) this.#opaque--;
      if (name === until) break;
    }
    if (BLOCK_ELEMENTS.has(until)) this.#handler.ontext('\n');
  }

  #clearExcess(): void {
    this.#excess.length = 0;
    this.#excessCount.clear();
    this.#opaque = 0;
  }
}
