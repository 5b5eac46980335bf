import type { Element } from 'domhandler';
import { isElement, textContent } from '../index.ts';
import { oneLine } from '../../long-text/in-pieces.ts';
import { texOf } from './mathml.ts';

export interface Formula {
  tex: string;
  display: boolean;
}

function hasClass(element: Element, name: string): boolean {
  return (element.attribs['class'] ?? '').split(/\s+/).includes(name);
}

function childrenOf(element: Element | undefined): Element[] {
  return element?.children.filter((child) => isElement(child)) ?? [];
}

function childNamed(element: Element | undefined, name: string): Element | undefined {
  return childrenOf(element).find((child) => child.name === name);
}

/**
 * The TeX of `math > semantics > annotation`. Nothing deeper is searched, so nesting costs nothing.
 */
function texAnnotation(math: Element | undefined): string | null {
  const annotation = childrenOf(childNamed(math, 'semantics')).find(
    ({ name, attribs }) => name === 'annotation' && /tex/i.test(attribs['encoding'] ?? ''),
  );
  return annotation === undefined ? null : textContent(annotation);
}

function katexAnnotation(katex: Element): string | null {
  const mathml = childrenOf(katex).find((child) => hasClass(child, 'katex-mathml'));
  return texAnnotation(childNamed(mathml, 'math'));
}

function formula(tex: string | null | undefined, display: boolean): Formula | null {
  const line = oneLine(tex ?? '');
  return line === '' ? null : { tex: line.replace(/^\{\\displaystyle (.*)\}$/, '$1').trim(), display };
}

function ofMathml(element: Element): Formula | null {
  const tex = texAnnotation(element) ?? element.attribs['alttext'] ?? texOf(element);
  return formula(tex, element.attribs['display'] === 'block' || element.attribs['mode'] === 'display');
}

/**
 * The TeX of a formula: `<math>`, by its TeX annotation, its `alttext` or its elements; KaTeX
 * output. `'shown'` for the picture that accompanies such a source, null for any other element.
 */
export function formulaOf(element: Element): Formula | 'shown' | null {
  const { name, attribs } = element;
  if (name === 'math') return ofMathml(element);
  if (name === 'img') return /\bmwe-math-fallback-image/.test(attribs['class'] ?? '') ? 'shown' : null;
  const classes = attribs['class'];
  if ((name !== 'span' && name !== 'div') || classes === undefined || !classes.includes('katex')) return null;
  if (hasClass(element, 'katex')) return formula(katexAnnotation(element), false);
  if (hasClass(element, 'katex-display')) {
    const katex = childrenOf(element).find((child) => hasClass(child, 'katex'));
    return katex === undefined ? null : formula(katexAnnotation(katex), true);
  }
  return null;
}
