import type { DomHandler, Element } from 'domhandler';
import { Parser } from 'htmlparser2';
import { BLOCK_ELEMENTS } from '../elements.ts';
import { reaches, SCOPES } from './end-tags.ts';
import { endsForeign, Foreign, isForeignRoot } from './foreign.ts';
import { Formatting } from './formatting.ts';
import { endTokensAsHtml } from './html-tokens.ts';
import { closedBefore } from './implied-end.ts';
import { MAX_DEPTH, OpenElements } from './open-elements.ts';

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

const HEADING = /^h[1-6]$/;

/**
 * How markup is read: in XHTML `<script/>` and `<div/>` are empty elements, and CDATA sections are
 * text.
 */
export type Syntax = 'html' | 'xhtml';

/**
 * A Parser that keeps at most MAX_DEPTH elements open. It emits a deeper element as an empty one
 * and remembers its name until its end tag; the end of a block becomes a line break in the text.
 * The bound also keeps htmlparser2's stacks short, which it searches and shifts at every tag: that
 * is quadratic in the depth.
 */
export class BoundedParser extends Parser {
  readonly #handler: DomHandler;
  readonly #syntax: Syntax;
  readonly #open: OpenElements;
  readonly #formatting: Formatting;
  readonly #foreign: Foreign;
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
    this.#open = new OpenElements(this['stack'], handler);
    this.#formatting = new Formatting(this.#open);
    this.#foreign = new Foreign(() => this.#open.names.length + this.#excess.length);
    if (syntax === 'xhtml') return;
    endTokensAsHtml(this['tokenizer'], {
      isForeign: () => this.#foreign.isForeign,
      isScript: () => this['stack'][0] === 'script',
    });
  }

  /** The open heading that a heading's end tag closes, whatever its level (13.2.6.4.7). */
  #headingClosedAt(start: number, endIndex: number): string | null {
    if (this.#syntax === 'xhtml' || endIndex - start !== 2) return null;
    const name = this['getSlice'](start, endIndex).toLowerCase();
    if (!HEADING.test(name)) return null;
    for (const open of this['stack']) {
      if (HEADING.test(open)) return open === name ? null : open;
      if (SCOPES.has(open)) return null;
    }
    return null;
  }

  /** Whether the rules of HTML hold: not in XHTML, and neither in SVG nor in MathML. */
  get #isHtml(): boolean {
    return this.#syntax === 'html' && !this.#foreign.isForeign;
  }

  /** Closes SVG and MathML up to what holds them in HTML. */
  #leaveForeign(): void {
    while (this.#foreign.isForeign) {
      const excess = this.#excess.at(-1);
      if (excess === undefined) this.#open.closeInnermost();
      else this.#popExcess(excess);
    }
  }

  override onopentagname(start: number, endIndex: number): void {
    const written = this['getSlice'](start, endIndex).toLowerCase();
    if (this.#syntax === 'html' && endsForeign(written)) this.#leaveForeign();
    const name = written === 'image' && this.#isHtml ? 'img' : written;
    if (this.#isHtml) {
      const closed = closedBefore(name, this['stack']);
      if (closed !== null) this.#open.closeUpTo(closed);
      this.#formatting.beforeStart(name);
    }
    this.endIndex = endIndex;
    const closesItself = this.#foreign.isForeign || isForeignRoot(name);
    this['emitOpenTag'](name);
    this['foreignContext'].splice(0, Infinity, closesItself);
    this.#foreign.opened(name);
    if (this['stack'].length <= MAX_DEPTH) return;
    this.#flattened = this['stack'].shift() ?? null;
  }

  override onopentagend(endIndex: number): void {
    const { length } = this.#open.nodes;
    super.onopentagend(endIndex);
    if (this.#flattened === null) {
      if (this.#isHtml && this.#open.nodes.length > length)
        this.#formatting.opened(this.#open.innermost as Element);
      return;
    }
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
    const heading = this.#headingClosedAt(start, endIndex);
    if (heading !== null) this.#open.closeUpTo(heading);
    else if (!this.#isHtml || !this.#endsByItself(start, endIndex)) return super.onclosetag(start, endIndex);
    this.endIndex = endIndex;
    this.startIndex = endIndex + 1;
  }

  /**
   * Whether nothing is left to do for an end tag: it has ended formatting, or it reaches no element
   * of its name.
   */
  #endsByItself(start: number, endIndex: number): boolean {
    const name = this['getSlice'](start, endIndex).toLowerCase();
    return this.#formatting.end(name) || (this['stack'].includes(name) && !reaches(name, this['stack']));
  }

  override ontext(start: number, endIndex: number): void {
    if (this.#opaque > 0) return;
    if (this.#isHtml) this.#formatting.beforeText(() => this['getSlice'](start, endIndex));
    super.ontext(start, endIndex);
  }

  override ontextentity(codePoint: number, endIndex: number): void {
    if (this.#opaque > 0) return;
    if (this.#isHtml) this.#formatting.beforeText(() => String.fromCodePoint(codePoint));
    super.ontextentity(codePoint, endIndex);
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
