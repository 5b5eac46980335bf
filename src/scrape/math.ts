import type { Element } from 'domhandler';
import { isElement, textContent } from './dom.ts';
import { eachElement } from './links.ts';

export interface Formula {
  tex: string;
  display: boolean;
}

function hasClass(element: Element, name: string): boolean {
  return (element.attribs['class'] ?? '').split(/\s+/).includes(name);
}

function texAnnotation(element: Element): string | null {
  let tex: string | null = null;
  eachElement(element.children, (child) => {
    if (child.name === 'annotation' && /tex/i.test(child.attribs['encoding'] ?? '')) tex ??= textContent(child);
  });
  return tex;
}

function formula(tex: string | null | undefined, display: boolean): Formula | null {
  const line = (tex ?? '').replace(/\s+/g, ' ').trim();
  return line === '' ? null : { tex: line.replace(/^\{\\displaystyle (.*)\}$/, '$1').trim(), display };
}

function ofMathml(element: Element): Formula | null {
  const tex = texAnnotation(element) ?? element.attribs['alttext'];
  return formula(tex, element.attribs['display'] === 'block' || element.attribs['mode'] === 'display');
}

/** True for what MathJax 2 shows in place of the TeX source, which follows it in a script. */
function precedesMathJaxScript(element: Element): boolean {
  let next = element.next;
  for (let i = 0; i < 4 && next !== null; i++, next = next.next) {
    if (isElement(next) && next.name === 'script') return /^math\/tex/i.test(next.attribs['type'] ?? '');
  }
  return false;
}

/**
 * The TeX source of a formula: `<math>` with a TeX annotation or `alttext`, KaTeX output, a MathJax 2 script. `'shown'` for the rendering
 * that accompanies such a source, null for any other element.
 */
export function formulaOf(element: Element): Formula | 'shown' | null {
  const { name, attribs } = element;
  if (name === 'math') return ofMathml(element);
  if (name === 'script') {
    const type = /^math\/tex\s*(;\s*mode=display)?/i.exec(attribs['type'] ?? '');
    return type === null ? null : formula(textContent(element), type[1] !== undefined);
  }
  if (name === 'img') return /\bmwe-math-fallback-image/.test(attribs['class'] ?? '') ? 'shown' : null;
  if ((name !== 'span' && name !== 'div') || attribs['class'] === undefined) return null;
  if (hasClass(element, 'katex') || hasClass(element, 'katex-display')) {
    return formula(texAnnotation(element), hasClass(element, 'katex-display'));
  }
  return /\bMathJax/.test(attribs['class']) && precedesMathJaxScript(element) ? 'shown' : null;
}
