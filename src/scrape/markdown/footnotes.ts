import type { ChildNode, Element } from 'domhandler';
import { eachElement, isElement, isText } from '../dom/index.ts';

/**
 * The ids that Markdown renderers, Pandoc and MediaWiki give to footnotes. The group captures the
 * label.
 */
const NOTE_ID = /^(?:user-content-)?(?:fn|footnote|cite_note)[:_-]?(?!ref)([\w.-]{1,60})$/i;
const BACK_REFERENCE = /^#(?:user-content-)?(?:fnref|footnote-?ref|cite_ref)/i;

/** Knows which list items are footnotes and which links refer to them. */
export class Footnotes {
  readonly #roots: ChildNode[];
  #labels: Map<string, string> | null = null;
  readonly #referenced = new Set<string>();

  constructor(roots: ChildNode[]) {
    this.#roots = roots;
  }

  /** The label of the footnote that a list item holds, or null when it is none. */
  labelOf(item: Element): string | null {
    const id = item.attribs['id'];
    return id !== undefined && this.#referenced.has(id) ? (this.#find().get(id) ?? null) : null;
  }

  /**
   * The label of the footnote that `element` refers to: a link that is alone in a `<sup>` or holds
   * one. Null for any other element. From then on `labelOf` knows the footnote.
   */
  reference(element: Element): string | null {
    const anchor = element.name === 'a' ? element : onlyElement(element);
    const href = anchor?.name === 'a' ? anchor.attribs['href'] : undefined;
    if (anchor === null || href === undefined || href[0] !== '#') return null;
    const raised = element.name === 'sup' || onlyElement(anchor)?.name === 'sup' || isMarked(anchor);
    const label = raised && NOTE_ID.test(href.slice(1)) ? this.#find().get(href.slice(1)) : undefined;
    if (label === undefined) return null;
    this.#referenced.add(href.slice(1));
    return label;
  }

  isBackReference({ attribs }: Element): boolean {
    const href = attribs['href'];
    return href !== undefined && this.#referenced.size > 0 && BACK_REFERENCE.test(href);
  }

  #find(): Map<string, string> {
    if (this.#labels !== null) return this.#labels;
    const labels = new Map<string, string>();
    const taken = new Set<string>();
    eachElement(this.#roots, ({ name, attribs }) => {
      const label =
        name === 'li' && attribs['id'] !== undefined ? NOTE_ID.exec(attribs['id'])?.[1] : undefined;
      if (label === undefined || taken.has(label)) return;
      taken.add(label);
      labels.set(attribs['id']!, label);
    });
    return (this.#labels = labels);
  }
}

function onlyElement({ children }: Element): Element | null {
  const [only, ...others] = children.filter((child) => !isText(child) || child.data.trim() !== '');
  return others.length === 0 && isElement(only) ? only : null;
}

function isMarked({ attribs }: Element): boolean {
  return (
    attribs['role'] === 'doc-noteref' ||
    attribs['data-footnote-ref'] !== undefined ||
    /\bfootnote-ref\b/.test(attribs['class'] ?? '')
  );
}
