import type { Archive } from '../archive.ts';
import { childOf, childrenOf, descendantsOf, readUnit, readUnits, type XmlElement } from '../xml-units.ts';

/** What a paragraph is, by its style and its own properties. */
export interface ParagraphKind {
  /** 1–6, or null for text. */
  heading: number | null;
  quote: boolean;
  code: boolean;
  list: { id: string; level: number } | null;
}

interface Style {
  name: string;
  basedOn: string | undefined;
  properties: XmlElement | null;
}

interface ListLevel {
  ordered: boolean;
  start: number;
}

const MAX_CHAIN = 10;

function value(element: XmlElement | null, ...path: string[]): string | undefined {
  return childOf(element, ...path)?.attribs['val'];
}

/** The styles and list definitions of a DOCX document. */
export class DocxStyles {
  readonly #styles = new Map<string, Style>();
  readonly #lists = new Map<string, Map<number, ListLevel>>();
  /** How far each level of each list has counted. */
  readonly #counts = new Map<string, number>();

  constructor(archive: Archive, stylesPart: string | null, numberingPart: string | null) {
    if (stylesPart !== null)
      readUnits(archive, stylesPart, new Set(['style']), (style) => {
        const id = style.attribs['styleId'];
        if (id === undefined) return;
        const name = (value(style, 'name') ?? id).toLowerCase();
        const properties = childOf(style, 'pPr');
        this.#styles.set(id, { name, basedOn: value(style, 'basedOn'), properties });
      });
    if (numberingPart !== null) this.#readLists(readUnit(archive, numberingPart, 'numbering'));
  }

  #readLists(numbering: XmlElement | null): void {
    const definitions = new Map<string, Map<number, ListLevel>>();
    for (const definition of childrenOf(numbering, 'abstractNum'))
      definitions.set(definition.attribs['abstractNumId'] ?? '', levelsOf(definition));
    for (const list of childrenOf(numbering, 'num')) {
      const levels = new Map(definitions.get(value(list, 'abstractNumId') ?? ''));
      for (const override of childrenOf(list, 'lvlOverride')) {
        const start = value(override, 'startOverride');
        const level = Number(override.attribs['ilvl']);
        if (start !== undefined)
          levels.set(level, { ordered: true, ...levels.get(level), start: Number(start) });
      }
      this.#lists.set(list.attribs['numId'] ?? '', levels);
    }
  }

  /** The style of a paragraph and those that it is based on, itself first. */
  *#chain(id: string | undefined): Generator<Style> {
    for (let depth = 0, next = id; next !== undefined && depth < MAX_CHAIN; depth++) {
      const style = this.#styles.get(next);
      if (style === undefined) return;
      yield style;
      next = style.basedOn;
    }
  }

  kindOf(paragraph: XmlElement): ParagraphKind {
    const own = childOf(paragraph, 'pPr');
    const chain = [...this.#chain(value(own, 'pStyle'))];
    const names = chain.map(({ name }) => name);
    const properties = [own, ...chain.map((style) => style.properties)];
    const first = (...path: string[]) =>
      properties.map((list) => value(list, ...path)).find((it) => it !== undefined);
    const id = first('numPr', 'numId');
    const level = Number(first('numPr', 'ilvl') ?? levelByName(names));
    return {
      heading: headingOf(names, first('outlineLvl')),
      quote: names.some((name) => /\bquote\b/.test(name)),
      code: names.some((name) => /\b(?:source code|code|preformatted|macro|plain text)\b/.test(name)),
      list: id === undefined || id === '0' || !this.#lists.has(id) ? null : { id, level },
    };
  }

  /** Counts an item of a list: whether its level has numbers, and its own. */
  count({ id, level }: { id: string; level: number }): ListLevel {
    const known = this.#lists.get(id)?.get(level) ?? { ordered: false, start: 1 };
    const key = `${id} ${level}`;
    const number = (this.#counts.get(key) ?? known.start - 1) + 1;
    this.#counts.set(key, number);
    for (let deeper = level + 1; deeper <= 8; deeper++) this.#counts.delete(`${id} ${deeper}`);
    return { ordered: known.ordered, start: number };
  }
}

/** Word's own styles for inner lists, such as "List Bullet 2", each have a list of their own. */
function levelByName(names: string[]): number {
  const level = names.map((name) => /^list (?:bullet|number) (\d)$/.exec(name)?.[1]).find(Boolean);
  return level === undefined ? 0 : Number(level) - 1;
}

function headingOf(names: string[], outline: string | undefined): number | null {
  if (names.includes('title')) return 1;
  for (const name of names) {
    const level = /^heading (\d)/.exec(name)?.[1];
    if (level !== undefined) return Math.min(6, Number(level));
  }
  const level = Number(outline);
  return outline !== undefined && level >= 0 && level < 6 ? level + 1 : null;
}

function levelsOf(definition: XmlElement): Map<number, ListLevel> {
  const levels = descendantsOf(definition, 'lvl').map((level): [number, ListLevel] => {
    const format = value(level, 'numFmt') ?? 'decimal';
    const start = Number(value(level, 'start') ?? 1);
    return [Number(level.attribs['ilvl']), { ordered: format !== 'bullet' && format !== 'none', start }];
  });
  return new Map(levels);
}
