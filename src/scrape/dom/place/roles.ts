import type { ChildNode, Element } from 'domhandler';
import { eachElement, isElement } from '../index.ts';

/** Elements that mean nothing by themselves, beside those that sites define. */
const PLAIN = new Set(['div', 'span', 'section', 'article', 'p']);
/** What roles stand for (WAI-ARIA 1.2), and in what they count. */
const ROLES: ReadonlyMap<string, { name: string; within: string | null }> = new Map([
  ['table', { name: 'table', within: null }],
  ['grid', { name: 'table', within: null }],
  ['treegrid', { name: 'table', within: null }],
  ['rowgroup', { name: 'tbody', within: 'table' }],
  ['row', { name: 'tr', within: 'table' }],
  ['columnheader', { name: 'th', within: 'tr' }],
  ['rowheader', { name: 'th', within: 'tr' }],
  ['cell', { name: 'td', within: 'tr' }],
  ['gridcell', { name: 'td', within: 'tr' }],
  ['list', { name: 'ul', within: null }],
  ['listitem', { name: 'li', within: 'ul' }],
]);
/** How far around an element what it counts in is looked for. */
const MAX_LEVELS = 4;

function isWithin(element: Element, name: string): boolean {
  let at = element.parent;
  for (let i = 0; i < MAX_LEVELS && isElement(at); i++, at = at.parent) if (at.name === name) return true;
  return false;
}

/** Makes tables and lists of elements that are such by their roles alone. */
export function placeRoles(nodes: ChildNode[]): void {
  eachElement(nodes, (element) => {
    const role = ROLES.get(element.attribs['role'] ?? '');
    if (role === undefined || !(PLAIN.has(element.name) || element.name.includes('-'))) return;
    if (role.within === null || isWithin(element, role.within)) element.name = role.name;
  });
}
