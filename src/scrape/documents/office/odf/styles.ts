import type { Archive } from '../archive.ts';
import { childOf, childrenOf, readUnits, type XmlElement } from '../xml-units.ts';

const STYLES: ReadonlySet<string> = new Set(['style', 'list-style']);

/** The styles of an OpenDocument file, as far as they say what text is. */
export class OdfStyles {
  /** How the text of a style looks, as the names of HTML elements. */
  readonly #looks = new Map<string, string[]>();
  /** Of each list style, the levels that have numbers. */
  readonly #numbered = new Map<string, Set<number>>();
  readonly #hidden = new Set<string>();

  constructor(archive: Archive) {
    for (const part of ['styles.xml', 'content.xml'])
      readUnits(archive, part, STYLES, (style) => this.#learn(style));
  }

  lookOf(style: string | undefined): readonly string[] {
    return this.#looks.get(style ?? '') ?? [];
  }

  isNumbered(listStyle: string | null, level: number): boolean {
    return this.#numbered.get(listStyle ?? '')?.has(level) === true;
  }

  isHidden(tableStyle: string | undefined): boolean {
    return this.#hidden.has(tableStyle ?? '');
  }

  #learn(style: XmlElement): void {
    const name = style.attribs['name'] ?? '';
    if (style.name === 'list-style') {
      const levels = childrenOf(style, 'list-level-style-number').filter(
        ({ attribs }) => (attribs['num-format'] ?? '1') !== '',
      );
      return void this.#numbered.set(name, new Set(levels.map(({ attribs }) => Number(attribs['level']))));
    }
    if (childOf(style, 'table-properties')?.attribs['display'] === 'false') this.#hidden.add(name);
    const attribs: Record<string, string> = childOf(style, 'text-properties')?.attribs ?? {};
    const look = [
      ...(/^(?:bold|[6-9]00)$/.test(attribs['font-weight'] ?? '') ? ['strong'] : []),
      ...(/^(?:italic|oblique)$/.test(attribs['font-style'] ?? '') ? ['em'] : []),
      ...(/^(?:solid|dotted|dash)/.test(attribs['text-line-through-style'] ?? '') ? ['s'] : []),
      ...(/^(?:super|[1-9])/.test(attribs['text-position'] ?? '') ? ['sup'] : []),
      ...(/^(?:sub|-)/.test(attribs['text-position'] ?? '') ? ['sub'] : []),
    ];
    if (look.length > 0) this.#looks.set(name, look);
  }
}
