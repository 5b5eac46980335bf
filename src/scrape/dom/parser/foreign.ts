const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

const ROOTS = words('svg math');
/** What holds HTML within SVG and MathML ("integration points", 13.2.4). */
export const HOLDS_HTML = words('foreignobject desc title annotation-xml mi mo mn ms mtext');
/** Elements of HTML that end SVG and MathML when they begin in it (13.2.6.5). */
const ENDS_FOREIGN = words(
  'b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing ' +
    'menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var',
);

/** Knows whether the innermost open element is in SVG or MathML. */
export class Foreign {
  /** How many elements are open. */
  readonly #depth: () => number;
  /** Where SVG or MathML began, or HTML in it: how many elements were open with that. */
  readonly #begun: { depth: number; foreign: boolean }[] = [];

  constructor(depth: () => number) {
    this.#depth = depth;
  }

  /** To be asked after elements have closed, and before others open. */
  get isForeign(): boolean {
    if (this.#begun.length === 0) return false;
    const depth = this.#depth();
    while (this.#begun.length > 0 && this.#begun.at(-1)!.depth > depth) this.#begun.pop();
    return this.#begun.at(-1)?.foreign ?? false;
  }

  /** An element has opened, and is the innermost. */
  opened(name: string): void {
    const holdsHtml = HOLDS_HTML.has(name);
    if (!ROOTS.has(name) && !(holdsHtml && this.isForeign)) return;
    this.#begun.push({ depth: this.#depth(), foreign: !holdsHtml });
  }
}

/** Whether an element is the root of SVG or MathML. */
export function isForeignRoot(name: string): boolean {
  return ROOTS.has(name);
}

/** Whether an element of that name leaves the SVG or MathML that it begins in. */
export function endsForeign(name: string): boolean {
  return ENDS_FOREIGN.has(name);
}
