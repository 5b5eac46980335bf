import type { ChildNode, Element } from 'domhandler';
import { element } from '../../nodes.ts';
import { childOf, childrenOf, textOf, type XmlElement } from '../xml-units.ts';

/** Numbers, letters with their marks, white space, and signs. */
const TOKEN = /(\d+(?:[.,]\d+)*)|(\p{L}\p{M}*)|(\s+)|(.)/gsu;
/** Signs whose limits stand beside them; those of others stand above and below. */
const INTEGRAL = /^[\u222B-\u2233\u2A0B-\u2A1C]$/;
/** Properties of a structure, which are no operands. */
const PROPERTIES = /^(?:\w{1,12}Pr|rPr|ctrlPr)$/;
const GONE = new Set(['del', 'moveFrom', 'Fallback']);

type Node = ChildNode | string;

const row = (nodes: Node[]): Node => (nodes.length === 1 ? nodes[0]! : element('mrow', {}, nodes));
const sign = (text: string): Element => element('mo', {}, [text]);
const operand = (source: XmlElement, name: string): Node => row(contentOf(childOf(source, name)));

function property(source: XmlElement, name: string): string | undefined {
  const properties = childOf(source, `${source.name}Pr`);
  return childOf(properties, name)?.attribs['val'];
}

function isOn(source: XmlElement, name: string): boolean {
  const found = childOf(childOf(source, `${source.name}Pr`), name);
  return found !== null && !/^(?:0|off|false)$/.test(found.attribs['val'] ?? '');
}

/** The text of a run: a word where it is upright, else numbers, letters and signs. */
function runOf(run: XmlElement): Node[] {
  const text = childrenOf(run, 't').map(textOf).join('');
  const properties = childOf(run, 'rPr');
  if (childOf(properties, 'nor') !== null) return [element('mtext', {}, [text])];
  if (childOf(properties, 'sty')?.attribs['val'] === 'p' && /^\p{L}{2,}$/u.test(text))
    return [element('mi', {}, [text])];
  return Array.from(text.matchAll(TOKEN), ([all, number, letter, space]) =>
    number !== undefined
      ? element('mn', {}, [all])
      : letter !== undefined
        ? element('mi', {}, [all])
        : space !== undefined
          ? ''
          : sign(all),
  ).filter((node) => node !== '');
}

function sum(source: XmlElement): Node[] {
  const char = property(source, 'chr') ?? '\u222B';
  const beside = property(source, 'limLoc') === 'subSup' || INTEGRAL.test(char);
  const [below, above] = [contentOf(childOf(source, 'sub')), contentOf(childOf(source, 'sup'))];
  const name = beside ? 'msubsup' : 'munderover';
  const limits =
    below.length + above.length === 0 ? sign(char) : element(name, {}, [sign(char), row(below), row(above)]);
  return [limits, ...contentOf(childOf(source, 'e'))];
}

function delimited(source: XmlElement): Node[] {
  const [open, close] = [property(source, 'begChr') ?? '(', property(source, 'endChr') ?? ')'];
  const separator = property(source, 'sepChr') ?? '|';
  const parts = childrenOf(source, 'e').flatMap((part, i) =>
    i === 0 ? contentOf(part) : [sign(separator), ...contentOf(part)],
  );
  return [...(open === '' ? [] : [sign(open)]), ...parts, ...(close === '' ? [] : [sign(close)])];
}

function rowOf(parts: XmlElement[]): Element {
  return element(
    'mtr',
    {},
    parts.map((part) => element('mtd', {}, contentOf(part))),
  );
}

const matrix = (rows: XmlElement[][]): Element => element('mtable', {}, rows.map(rowOf));

function functionOf(source: XmlElement): Node[] {
  const name = childOf(source, 'fName');
  const text = name === null ? '' : textOf(name).trim();
  const isWord = name !== null && childrenOf(name).every((child) => child.name === 'r');
  return [...(isWord ? [element('mi', {}, [text])] : contentOf(name)), ...contentOf(childOf(source, 'e'))];
}

/** What the structures of Office Math are in MathML. */
const STRUCTURES: Record<string, (source: XmlElement) => Node[]> = {
  r: runOf,
  f: (it) => [element('mfrac', {}, [operand(it, 'num'), operand(it, 'den')])],
  sSup: (it) => [element('msup', {}, [operand(it, 'e'), operand(it, 'sup')])],
  sSub: (it) => [element('msub', {}, [operand(it, 'e'), operand(it, 'sub')])],
  sSubSup: (it) => [element('msubsup', {}, [operand(it, 'e'), operand(it, 'sub'), operand(it, 'sup')])],
  sPre: (it) => [
    element('msubsup', {}, [element('mrow', {}, []), operand(it, 'sub'), operand(it, 'sup')]),
    ...contentOf(childOf(it, 'e')),
  ],
  rad: (it) =>
    isOn(it, 'degHide') || contentOf(childOf(it, 'deg')).length === 0
      ? [element('msqrt', {}, contentOf(childOf(it, 'e')))]
      : [element('mroot', {}, [operand(it, 'e'), operand(it, 'deg')])],
  nary: sum,
  d: delimited,
  func: functionOf,
  acc: (it) => [element('mover', {}, [operand(it, 'e'), sign(property(it, 'chr') ?? '\u02C6')])],
  bar: (it) => [
    element(property(it, 'pos') === 'top' ? 'mover' : 'munder', {}, [operand(it, 'e'), sign('\u00AF')]),
  ],
  groupChr: (it) => [
    element(property(it, 'pos') === 'top' ? 'mover' : 'munder', {}, [
      operand(it, 'e'),
      sign(property(it, 'chr') ?? '\u23DF'),
    ]),
  ],
  limLow: (it) => [element('munder', {}, [operand(it, 'e'), operand(it, 'lim')])],
  limUpp: (it) => [element('mover', {}, [operand(it, 'e'), operand(it, 'lim')])],
  m: (it) => [matrix(childrenOf(it, 'mr').map((parts) => childrenOf(parts, 'e')))],
  eqArr: (it) => [matrix(childrenOf(it, 'e').map((part) => [part]))],
};

function contentOf(source: XmlElement | null): Node[] {
  return childrenOf(source).flatMap((child) => {
    if (PROPERTIES.test(child.name) || GONE.has(child.name)) return [];
    return Object.hasOwn(STRUCTURES, child.name) ? STRUCTURES[child.name]!(child) : contentOf(child);
  });
}

/**
 * The formulas of Office Math (ISO/IEC 29500-1, section 22.1) as MathML: `oMath`, or `oMathPara`,
 * whose formulas stand on lines of their own.
 */
export function formulasOf(source: XmlElement): Element[] {
  if (source.name === 'oMath') return [element('math', {}, contentOf(source))];
  return childrenOf(source, 'oMath').map((formula) =>
    element('math', { display: 'block' }, contentOf(formula)),
  );
}

/** MathML of a part of its own, as nodes of HTML. */
export function mathmlOf({ name, attribs, children }: XmlElement): Element {
  return element(
    name.toLowerCase(),
    attribs,
    children.map((child) => (typeof child === 'string' ? child : mathmlOf(child))),
  );
}
