import { Parser } from 'htmlparser2';
import { PageError } from '../../types.ts';
import { storable } from '../../storable.ts';
import type { Archive } from './archive.ts';

/** Maximum depth of a part. Its readers are recursive. */
const MAX_DEPTH = 256;
/** Maximum number of elements and texts of one unit, such as a paragraph or a table. */
const MAX_NODES = 150_000;
/** Elements that say how text looks, by the start of their names, and what their readers need. */
const SKIPPED = new Set(
  'sectPr tblGrid bookmarkStart bookmarkEnd proofErr lastRenderedPageBreak rsid sz szCs rFonts lang color ind spacing'.split(
    ' ',
  ),
);

/** An element of XML. Its name and those of its attributes have no prefix. */
export interface XmlElement {
  name: string;
  attribs: Record<string, string>;
  children: (XmlElement | string)[];
}

/** A name without the prefix of its namespace. */
function local(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/**
 * The attributes by their names without prefix. `relation` is the `id` that has one: a reference to
 * another part.
 */
function attributesOf(attribs: Record<string, string>): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(attribs)) {
    if (name.startsWith('xmlns')) continue;
    if (/^r\w*:id$/.test(name) || /^\w+:(?:embed|link)$/.test(name)) own['relation'] = value;
    if (!name.includes(':') || own[local(name)] === undefined) own[local(name)] = storable(value);
  }
  return own;
}

/**
 * Reads a part of a document in units: each outermost element with one of the names is built,
 * handed to `take` and forgotten. `take` ends the reading by returning false. Returns whether the
 * part exists. Throws PageError, `too_large` where a unit is.
 */
export function readUnits(
  archive: Archive,
  part: string,
  names: ReadonlySet<string>,
  take: (unit: XmlElement) => boolean | void,
): boolean {
  const open: XmlElement[] = [];
  let nodes = 0;
  let depth = 0;
  let skipping = 0;
  let done = false;
  const add = (child: XmlElement | string): void => {
    if (++nodes > MAX_NODES) throw new PageError('too_large');
    archive.countNode();
    open.at(-1)!.children.push(child);
  };
  const parser = new Parser(
    {
      onopentag(fullName, attribs) {
        if (++depth > MAX_DEPTH) throw new PageError('too_large');
        const name = local(fullName);
        if (skipping > 0 || (open.length > 0 && SKIPPED.has(name))) {
          skipping++;
          return;
        }
        if (done || (open.length === 0 && !names.has(name))) return;
        const element: XmlElement = { name, attribs: attributesOf(attribs), children: [] };
        if (open.length > 0) add(element);
        open.push(element);
      },
      ontext(data) {
        if (skipping > 0 || open.length === 0) return;
        const { children } = open.at(-1)!;
        const last = children.at(-1);
        if (typeof last === 'string') children[children.length - 1] = last + storable(data);
        else add(storable(data));
      },
      onclosetag() {
        depth--;
        if (skipping > 0) {
          skipping--;
          return;
        }
        const element = open.pop();
        if (element === undefined || open.length > 0) return;
        nodes = 0;
        done ||= take(element) === false;
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  const exists = archive.read(part, (piece) => {
    parser.write(piece);
    return !done;
  });
  if (exists && !done) parser.end();
  return exists;
}

/** The first unit of that name in a part, or null. */
export function readUnit(archive: Archive, part: string, name: string): XmlElement | null {
  let found: XmlElement | null = null;
  readUnits(archive, part, new Set([name]), (unit) => {
    found = unit;
    return false;
  });
  return found;
}

/** The children of an element that are elements, all of them or those of a name. */
export function childrenOf(element: XmlElement | null | undefined, name?: string): XmlElement[] {
  const elements = (element?.children ?? []).filter((child) => typeof child !== 'string');
  return name === undefined ? elements : elements.filter((child) => child.name === name);
}

/** The first child with the name, or null. Several names lead down a path. */
export function childOf(element: XmlElement | null | undefined, ...path: string[]): XmlElement | null {
  let at = element ?? null;
  for (const name of path) at = childrenOf(at, name)[0] ?? null;
  return at;
}

/** The elements of a name below an element, in order; those within one another once. */
export function descendantsOf(element: XmlElement, name: string): XmlElement[] {
  return childrenOf(element).flatMap((child) => (child.name === name ? [child] : descendantsOf(child, name)));
}

/** All text below an element. */
export function textOf(element: XmlElement | string): string {
  return typeof element === 'string' ? element : element.children.map(textOf).join('');
}

/** A ruby base with its reading in parentheses. */
export function rubyOf(ruby: XmlElement, base: string, reading: string): string {
  const [below, above] = [childOf(ruby, base), childOf(ruby, reading)];
  const said = above === null ? '' : textOf(above).trim();
  return textOf(below ?? ruby) + (said === '' || below === null ? '' : `(${said})`);
}
