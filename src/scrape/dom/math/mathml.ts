import type { Element } from 'domhandler';
import { isElement, textContent } from '../index.ts';
import { collapse, inPieces } from '../../long-text/in-pieces.ts';

const FUNCTIONS = new Set(
  'arccos arcsin arctan arg cos cosh cot csc deg det dim exp gcd hom inf ker lg lim ln log max min Pr sec sin sinh sup tan tanh'.split(
    ' ',
  ),
);
/** Operators above or below a base, as the accents that TeX has for them. */
const ACCENTS: Record<string, string> = {
  '^': '\\hat',
  '\u02C6': '\\hat',
  '~': '\\tilde',
  '\u02DC': '\\tilde',
  '\u00AF': '\\bar',
  '\u203E': '\\bar',
  '\u2192': '\\vec',
  '\u02D9': '\\dot',
  '\u00A8': '\\ddot',
  '\u23DE': '\\overbrace',
  '\u23DF': '\\underbrace',
};
const OPERATORS: Record<string, string> = {
  '\u2211': '\\sum',
  '\u220F': '\\prod',
  '\u222B': '\\int',
  '\u2061': '',
  '\u2062': '',
  '\u2063': '',
};
/** Elements that show nothing, or what another of their kind shows too. */
const SILENT = new Set(['annotation', 'annotation-xml', 'mphantom', 'mspace', 'none', 'mprescripts']);

function texOfSign(char: string): string {
  if (char === '\\') return '\\backslash ';
  return char === '^' || char === '~' ? `\\${char}{}` : `\\${char}`;
}

function escapeTex(text: string): string {
  return inPieces(text, (piece) => piece.replace(/[\\{}$&#%_^~]/g, texOfSign));
}

const operandsOf = (element: Element): Element[] => element.children.filter((child) => isElement(child));

/** A group in braces; one character or command needs none. */
function group(tex: string): string {
  return /^(?:[^\\{}]|\\[a-zA-Z]+)$/u.test(tex) && !tex.startsWith('\\') ? tex : `{${tex}}`;
}

function base(tex: string): string {
  return /^(?:.|\\[a-zA-Z]+|[\p{L}\p{N}]+)$/u.test(tex) ? tex : `{${tex}}`;
}

const isLong = (text: string): boolean => Array.from(text.slice(0, 4)).length > 1;

function identifier(text: string): string {
  if (FUNCTIONS.has(text)) return `\\${text}`;
  return isLong(text) ? `\\mathrm{${escapeTex(text)}}` : escapeTex(text);
}

/** Joins pieces so that no command runs into the letter after it. */
function join(pieces: string[]): string {
  let tex = '';
  for (const piece of pieces) {
    if (piece === '') continue;
    const runsOn = /\\[a-zA-Z]+$/.test(tex) && /^[a-zA-Z]/.test(piece);
    tex += runsOn ? ` ${piece}` : piece;
  }
  return tex;
}

function scripted(element: Element, signs: string[]): string {
  const [first, ...scripts] = operandsOf(element).map(texOf);
  const written = scripts.map((tex, i) => (tex === '' ? '' : `${signs[i] ?? ''}${group(tex)}`));
  return base(first ?? '') + written.join('');
}

function accented(element: Element, sign: '_' | '^'): string {
  const [first, second] = operandsOf(element);
  const accent = second === undefined ? undefined : ACCENTS[textContent(second).trim()];
  if (first === undefined || accent === undefined) return scripted(element, [sign]);
  return `${sign === '_' && accent === '\\bar' ? '\\underline' : accent}{${texOf(first)}}`;
}

function fenced(element: Element): string {
  const { open = '(', close = ')', separators = ',' } = element.attribs;
  const content = operandsOf(element)
    .map(texOf)
    .join(`${separators.trim()[0] ?? ''} `);
  return `\\left${escapeTex(open) || '.'}${content}\\right${escapeTex(close) || '.'}`;
}

function table(element: Element): string {
  const rows = operandsOf(element).map((row) => operandsOf(row).map(texOf).join(' & '));
  return `\\begin{matrix}${rows.join(' \\\\ ')}\\end{matrix}`;
}

/** TeX for an operand, which may be missing. */
const operand = (element: Element | undefined) => (element === undefined ? '' : texOf(element));

/**
 * TeX for an element of presentation MathML (MathML Core); text outside of token elements is left
 * out.
 */
export function texOf(element: Element): string {
  const { name } = element;
  if (SILENT.has(name)) return '';
  const [first, second] = operandsOf(element);
  switch (name) {
    case 'mi':
      return identifier(textContent(element).trim());
    case 'mo': {
      const sign = textContent(element).trim();
      return OPERATORS[sign] ?? escapeTex(sign);
    }
    case 'mn':
      return escapeTex(textContent(element).trim());
    case 'mtext':
    case 'ms': {
      const text = collapse(textContent(element), /\s+/g);
      return text.trim() === '' ? ' ' : `\\text{${escapeTex(text)}}`;
    }
    case 'mfrac':
      return `\\frac{${operand(first)}}{${operand(second)}}`;
    case 'msqrt':
      return `\\sqrt{${join(operandsOf(element).map(texOf))}}`;
    case 'mroot':
      return `\\sqrt[${operand(second)}]{${operand(first)}}`;
    case 'msub':
      return scripted(element, ['_']);
    case 'msup':
      return scripted(element, ['^']);
    case 'msubsup':
    case 'munderover':
      return scripted(element, ['_', '^']);
    case 'munder':
      return accented(element, '_');
    case 'mover':
      return accented(element, '^');
    case 'mfenced':
      return fenced(element);
    case 'mtable':
      return table(element);
    case 'semantics':
    case 'maction':
      return operand(first);
    default:
      return join(operandsOf(element).map(texOf));
  }
}
