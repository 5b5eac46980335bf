import { type ChildNode, type Document, type Element, isText } from 'domhandler';
import { isBlock } from '../dom/elements.ts';
import { isElement } from '../dom/index.ts';
import { withoutInvisible } from '../dom/invisible.ts';
import { storable } from '../storable.ts';

const MAX_JSON_LD_ENTRIES = 100;
const MAX_ITEMS = 100;
const MAX_DEPTH = 16;
const MAX_VALUES = 5_000;
const MAX_TOTAL_CHARS = 100_000;
const MAX_VALUE_CHARS = 10_000;
const MAX_SCRIPT_CHARS = 1_000_000;

/** What may still be read from one page. */
interface Budget {
  values: number;
  chars: number;
}
const newBudget = (): Budget => ({ values: MAX_VALUES, chars: MAX_TOTAL_CHARS });

/** True for objects that are not arrays. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy of parsed JSON within the budget: what is too deep, too long or too much is left out. */
function bounded(value: unknown, budget: Budget, depth = 0): unknown {
  if (budget.values-- <= 0 || budget.chars <= 0 || depth > MAX_DEPTH) return undefined;
  if (typeof value === 'string') {
    const taken = storable(value.slice(0, Math.min(MAX_VALUE_CHARS, budget.chars)));
    budget.chars -= taken.length;
    return taken;
  }
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) {
      const copy = bounded(item, budget, depth + 1);
      if (copy === undefined) break;
      items.push(copy);
    }
    return items;
  }
  if (!isRecord(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__' || key.length > 200) continue;
    budget.chars -= key.length;
    const taken = bounded(member, budget, depth + 1);
    if (taken !== undefined) copy[storable(key)] = taken;
  }
  return copy;
}

/**
 * Parses one script. Tolerates comment and CDATA wrappers, raw control characters and a final
 * semicolon.
 */
function parseJsonLd(source: string): unknown {
  const json = source
    .trim()
    .replace(/^(?:<!--|\/\/\s*<!\[CDATA\[|<!\[CDATA\[|\/\*\s*<!\[CDATA\[\s*\*\/)/, '')
    .replace(/(?:-->|\/\/\s*\]\]>|\]\]>|\/\*\s*\]\]>\s*\*\/)$/, '')
    .replace(/;\s*$/, '');
  try {
    return JSON.parse(json);
  } catch {
    try {
      return JSON.parse(json.replace(/\p{Cc}+/gu, ' ').replace(/,(?= *[}\]])/g, ''));
    } catch {
      return undefined;
    }
  }
}

/** The objects of a JSON-LD document, arrays and `@graph`s opened up. */
function* entriesOf(value: unknown, depth = 0): Generator<Record<string, unknown>> {
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(value)) for (const item of value) yield* entriesOf(item, depth + 1);
  if (!isRecord(value)) return;
  const { '@graph': graph, ...rest } = value;
  if (graph === undefined) yield value;
  else {
    if (Object.keys(rest).some((key) => key !== '@context' && key !== '@id')) yield rest;
    yield* entriesOf(graph, depth + 1);
  }
}

/**
 * The JSON-LD objects of a page's `application/ld+json` scripts in document order, within fixed
 * bounds. Malformed ones are skipped.
 */
export function jsonLdOf(scripts: string[]): Record<string, unknown>[] {
  const budget = newBudget();
  const found: Record<string, unknown>[] = [];
  for (const script of scripts) {
    if (script.length > MAX_SCRIPT_CHARS) continue;
    for (const entry of entriesOf(parseJsonLd(script))) {
      if (found.length === MAX_JSON_LD_ENTRIES) return found;
      const copy = bounded(entry, budget);
      if (isRecord(copy) && Object.keys(copy).length > 0) found.push(copy);
    }
  }
  return found;
}

/**
 * The text of a subtree, white space collapsed and the texts of blocks apart, at most `limit`
 * characters; looks at no more nodes than that needs.
 */
export function textOf(node: ChildNode, limit: number): string {
  const stack: (ChildNode | ' ')[] = [node];
  let text = '';
  for (let visits = 0; stack.length > 0 && text.length < limit * 4 && visits < 10_000; visits++) {
    const next = stack.pop()!;
    if (next === ' ') text += next;
    else if (isText(next)) text += next.data.length > limit * 4 ? next.data.slice(0, limit * 4) : next.data;
    else if (isElement(next) && next.name !== 'script' && next.name !== 'style') {
      const isApart = next.name === 'br' || isBlock(next);
      if (isApart) text += ' ';
      if (isApart) stack.push(' ');
      for (let i = next.children.length - 1; i >= 0; i--) stack.push(next.children[i]!);
    }
  }
  return storable(withoutInvisible(text).replace(/\s+/g, ' ').trim().slice(0, limit));
}

/** One microdata item, in the shape of the HTML Standard's JSON form (section 5.4). */
export interface MicrodataItem {
  type: string[];
  id?: string;
  properties: Record<string, (string | MicrodataItem)[]>;
}

const URL_ATTRIBUTES: Record<string, string> = {
  a: 'href',
  area: 'href',
  audio: 'src',
  embed: 'src',
  iframe: 'src',
  img: 'src',
  link: 'href',
  object: 'data',
  source: 'src',
  track: 'src',
  video: 'src',
};
const tokens = (value: string | undefined): string[] =>
  value?.split(/\s+/).filter(Boolean).slice(0, 10) ?? [];

/** The value of a property that is not an item (HTML Standard, section 5.2.4). */
function valueOf(element: Element, absolute: (href: string) => string | null): string {
  const { attribs, name } = element;
  if (attribs.content !== undefined) return attribs.content;
  const attribute = Object.hasOwn(URL_ATTRIBUTES, name) ? attribs[URL_ATTRIBUTES[name]!] : undefined;
  if (attribute !== undefined) return absolute(attribute) ?? '';
  if (name === 'time' && attribs.datetime !== undefined) return attribs.datetime;
  if ((name === 'data' || name === 'meter') && attribs.value !== undefined) return attribs.value;
  return textOf(element, MAX_VALUE_CHARS);
}

/**
 * The top-level microdata items of a page in document order, within fixed bounds. `itemref` is not
 * followed.
 */
export function microdataOf(document: Document, absolute: (href: string) => string | null): MicrodataItem[] {
  const budget = newBudget();
  const found: MicrodataItem[] = [];
  const stack: { node: Element; owner: MicrodataItem | null; depth: number }[] = [];
  const push = (nodes: ChildNode[], owner: MicrodataItem | null, depth: number): void => {
    for (let i = nodes.length - 1; i >= 0; i--) {
      const node = nodes[i]!;
      if (isElement(node)) stack.push({ node, owner, depth });
    }
  };
  push(document.children, null, 0);

  while (stack.length > 0 && budget.values > 0 && budget.chars > 0) {
    const { node, owner, depth } = stack.pop()!;
    const { itemscope, itemprop, itemtype, itemid } = node.attribs;
    const item: MicrodataItem | null =
      itemscope !== undefined && depth < MAX_DEPTH ? { type: tokens(itemtype), properties: {} } : null;
    if (item && itemid !== undefined) item.id = absolute(itemid) ?? itemid.slice(0, 2000);

    const names =
      owner === null ? [] : tokens(itemprop).filter((name) => name !== '__proto__' && name.length <= 200);
    // An item gets one name only: under several it would be written out once for every path to it.
    for (const name of item ? names.slice(0, 1) : names) {
      const value =
        item ?? storable(valueOf(node, absolute).trim().slice(0, Math.min(MAX_VALUE_CHARS, budget.chars)));
      budget.values--;
      budget.chars -= name.length + (typeof value === 'string' ? value.length : 0);
      if (Object.hasOwn(owner!.properties, name)) owner!.properties[name]!.push(value);
      else owner!.properties[name] = [value];
    }
    if (item && names.length === 0 && found.length < MAX_ITEMS) found.push(item);
    if (item) budget.values--;
    push(node.children, item ?? owner, item ? depth + 1 : depth);
  }
  return found;
}
