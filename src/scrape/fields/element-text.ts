import type { Element } from 'domhandler';
import { eachElement } from '../dom/index.ts';
import { imageSource } from '../formats/images.ts';
import { textOf } from '../metadata/structured-data.ts';
import { storable } from '../storable.ts';
import type { Field } from './field.ts';

const MAX_TEXT = 100_000;
const ADDRESSES = ['href', 'src', 'content', 'data', 'action', 'poster', 'cite'];
/** Elements whose value is an attribute (HTML Standard, sections 4.4.13 and 4.10). */
const VALUED = new Set(['data', 'meter', 'progress', 'input']);

/** The text that a field is read from; null where the element lacks its attribute. */
export function textFor(field: Field, element: Element, base: string): string | null {
  const { attr } = field;
  if (attr === undefined) return saidBy(element, field, base)?.trim() || textOf(element, MAX_TEXT);
  const value = element.attribs[attr.toLowerCase()];
  return value === undefined ? null : storable(value).trim();
}

/** What an element says in an attribute rather than in its text. */
function saidBy(element: Element, { as }: Field, base: string): string | undefined {
  const { name, attribs } = element;
  if (name === 'input') return storable(attribs['value'] ?? '');
  if (name === 'select') return chosen(element);
  if (as === 'url' && (name === 'img' || name === 'source'))
    return imageSource(element, base) ?? attribs['src'];
  const value =
    as === 'url'
      ? ADDRESSES.map((address) => attribs[address]).find((address) => address !== undefined)
      : ((as === 'date' ? attribs['datetime'] : undefined) ??
        (as === 'number' && VALUED.has(name) ? attribs['value'] : undefined) ??
        attribs['content']);
  return value === undefined ? undefined : storable(value);
}

/** The option of a list that is selected, the first where none is said to be. */
function chosen(select: Element): string | undefined {
  const options: Element[] = [];
  eachElement(select.children, (element) => {
    if (element.name === 'option') options.push(element);
  });
  const option = options.findLast(({ attribs }) => attribs['selected'] !== undefined) ?? options[0];
  return option === undefined ? undefined : textOf(option, MAX_TEXT);
}
