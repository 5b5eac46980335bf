import { Element, Text, type ChildNode, type Document } from 'domhandler';
import { adopt, eachElement, isElement, isText, textContent } from '../index.ts';

/** Prefixes under which XHTML and old converters write MathML. */
const PREFIX = /^(?:m|mml|math):/;
const TEX_SCRIPT = /^math\/tex\s*(;\s*mode=display)?/i;
/** Classes and addresses of pictures of formulas, whose `alt` is their TeX. */
const PICTURE_CLASS = /(?:^|\s)(?:latex|tex|math-?tex|mathtex|latex-image)(?:\s|$)/i;
const PICTURE_ADDRESS = /\/latex\.php\?|latex\.codecogs\.com\/|\/equation\?tex=|mathtex\.cgi|mimetex\.cgi/i;
/** The type of an element that is neither a script nor a style. */
const TAG = new Element('math', {}).type;
/** Elements before a TeX script that may be its rendering. */
const MAX_RENDERINGS = 3;
/** What `<br>` may tear apart: a formula on lines of its own, as scripts find it. */
const OPENS_DISPLAY = /\$\$|\\\[|\\begin\{/;
const MAX_LINES = 50;
const MAX_CHARS = 5000;
/** How many formulas are looked for, among how many siblings: each costs so much. */
const MAX_JOINED = 500;
const MAX_SIBLINGS = 2000;

/**
 * Makes every formula that is shown a `<math>` with its TeX, so that it outlives the cleaning of
 * the page: the scripts from which MathJax 2 typesets, MathML that is hidden behind a picture,
 * pictures that name their TeX, MathML under a prefix. Shows what KaTeX has typeset where nothing
 * else says it. Joins the lines of a formula that `<br>` tears apart.
 */
export function placeFormulas(document: Document): void {
  let left = MAX_JOINED;
  eachElement(document.children, (element) => {
    const { name, attribs } = element;
    if (PREFIX.test(name)) element.name = name.replace(PREFIX, '');
    else if (name === 'script') replaceScript(element);
    else if (name === 'img') replacePicture(element);
    else if (name === 'br' && left > 0 && isTorn(element.prev)) {
      left--;
      joinLines(element, element.prev);
    } else if (attribs['style'] !== undefined && holdsOnlyMath(element)) delete attribs['style'];
    else if (attribs['class'] === 'katex-html' && element.prev === null) delete attribs['aria-hidden'];
  });
}

function replaceScript(script: Element): void {
  const type = TEX_SCRIPT.exec(script.attribs['type'] ?? '');
  if (type === null) return;
  dropRenderings(script);
  become(script, { tex: textContent(script), display: type[1] !== undefined });
}

/** MathJax puts what it has typeset, and the preview before that, in front of its script. */
function dropRenderings(script: Element): void {
  let before = previousElement(script);
  for (let i = 0; i < MAX_RENDERINGS && before !== null; i++, before = previousElement(before)) {
    if (!/\bMathJax/.test(before.attribs['class'] ?? '')) return;
    before.attribs = {};
    before.children = [];
  }
}

function previousElement({ prev }: Element): Element | null {
  const before = isText(prev) && prev.data.trim() === '' ? prev.prev : prev;
  return isElement(before) ? before : null;
}

function replacePicture(image: Element): void {
  const { alt = '', class: classes = '', src = '' } = image.attribs;
  const isFormula = PICTURE_CLASS.test(classes) || PICTURE_ADDRESS.test(src.slice(0, 300));
  if (!isFormula || alt.trim() === '') return;
  become(image, { tex: alt.replace(/^\s*\$+([^$]+)\$+\s*$/, '$1'), display: false });
}

function holdsOnlyMath({ children }: Element): boolean {
  const [child, ...others] = children.filter((node) => !isText(node) || node.data.trim() !== '');
  return others.length === 0 && isElement(child) && child.name === 'math';
}

function become(element: Element, { tex, display }: { tex: string; display: boolean }): void {
  element.name = 'math';
  element.type = TAG;
  element.attribs = { alttext: tex, ...(display ? { display: 'block' } : {}) };
  adopt(element, [new Element('mtext', {}, [new Text(tex)])]);
}

/** Whether text ends within a formula that stands on lines of its own. */
function isTorn(text: ChildNode | null): text is Text {
  return (
    isText(text) && text.data.length <= MAX_CHARS && OPENS_DISPLAY.test(text.data) && !isClosed(text.data)
  );
}

/**
 * Joins the text before the first `<br>` of a formula with what follows up to the formula's end.
 */
function joinLines(br: Element, first: Text): void {
  if (first.parent!.children.length > MAX_SIBLINGS) return;
  let joined = first.data;
  let node: ChildNode | null = br;
  for (let i = 0; i < MAX_LINES && node !== null && joined.length <= MAX_CHARS; i++, node = node.next) {
    if (isText(node)) joined += node.data;
    else if (isElement(node) && node.name === 'br') joined += ' ';
    else return;
    if (isText(node) && isClosed(joined)) {
      dropBetween(first, node);
      first.data = joined;
      return;
    }
  }
}

/** Whether every sign that opens a formula has one that closes it. */
function isClosed(text: string): boolean {
  const count = (sign: string) => text.split(sign).length - 1;
  if (count('$$') % 2 !== 0 || count('\\[') > count('\\]')) return false;
  return count('\\begin{') <= count('\\end{');
}

/** Drops what follows `first`, up to `last`. */
function dropBetween(first: Text, last: Text): void {
  const parent = first.parent!;
  const siblings = parent.children;
  const [from, to] = [siblings.indexOf(first) + 1, siblings.indexOf(last) + 1];
  for (const dropped of siblings.slice(from, to)) {
    dropped.prev = null;
    dropped.parent = null;
  }
  adopt(parent, [...siblings.slice(0, from), ...siblings.slice(to)]);
}
