import type { ChildNode, Element } from 'domhandler';
import { oneLine } from '../../long-text/in-pieces.ts';
import { NOT_TEXT } from '../elements.ts';
import { adopt, isElement, isText, visibleText } from '../index.ts';

/** What an address leads to, by the beginning of its type or the end of its path. */
const KINDS: readonly [name: 'img' | 'video' | 'audio', type: string, path: RegExp][] = [
  ['img', 'image/', /\.(?:avif|gif|jpe?g|png|svg|webp)$/i],
  ['video', 'video/', /\.(?:m4v|mov|mp4|ogv|webm)$/i],
  ['audio', 'audio/', /\.(?:aac|flac|m4a|mp3|oga|ogg|opus|wav)$/i],
];
/** Movies of players that browsers no longer have. */
const GONE_TYPE = /shockwave|x-java|silverlight|oleobject|futuresplash/i;
const GONE_PATH = /\.(?:swf|class|jar|xap|dcr)$/i;
/** What a reader sees without any words in it. */
const SHOWN = new Set(['a', 'img', 'iframe', 'embed', 'object', 'video', 'audio', 'table']);
const MAX_ALT = 300;
/** How much of what stands for an object is looked at. */
const MAX_NODES = 1000;
/** Attributes that say whether, and as what, a box is shown. */
const KEPT = ['id', 'class', 'style', 'hidden', 'title', 'width', 'height', 'aria-label', 'lang', 'dir'];

function keptAttributes({ attribs }: Element): Record<string, string> {
  return Object.fromEntries(
    KEPT.flatMap((name) => (attribs[name] === undefined ? [] : [[name, attribs[name]]])),
  );
}

function kindOf(address: string, type: string): 'img' | 'video' | 'audio' | 'iframe' | null {
  const path = address.split(/[?#]/, 1)[0]!;
  for (const [name, family, ending] of KINDS)
    if (type === '' ? ending.test(path) : type.startsWith(family)) return name;
  // A page of a site for videos is shown in a frame, whatever its type says.
  const isGone = GONE_PATH.test(path) || (GONE_TYPE.test(type) && !/\/(?:v|embed)\//.test(path));
  return address === '' || isGone || /^(?:data|blob|javascript):/i.test(address) ? null : 'iframe';
}

function textOf({ children }: Element): string {
  return oneLine(children.map(visibleText).join('')).slice(0, MAX_ALT);
}

function become(element: Element, name: string, address: string): void {
  const kept = keptAttributes(element);
  element.attribs = { ...kept, src: address, ...(name === 'img' && { alt: textOf(element) }) };
  element.name = name;
  adopt(element, []);
}

/** Whether an object holds text, or something else to see, for those who cannot see it. */
function hasFallback(object: Element): boolean {
  const stack: ChildNode[] = [...object.children];
  for (let left = MAX_NODES, node = stack.pop(); node !== undefined; node = stack.pop(), left--) {
    if (left === 0) return true;
    if (isText(node) && node.data.trim() !== '') return true;
    if (!isElement(node)) continue;
    if (SHOWN.has(node.name)) return true;
    if (!NOT_TEXT.has(node.name)) stack.push(...node.children.slice(0, MAX_NODES));
  }
  return false;
}

/** Shows what an `<object>`, `<embed>` or `<applet>` stands for on a page. */
export function placeObject(element: Element): void {
  const isEmbed = element.name === 'embed';
  const address = (element.attribs[isEmbed ? 'src' : 'data'] ?? '').trim();
  const kind = kindOf(address, (element.attribs['type'] ?? '').trim().toLowerCase());
  const isFallback = !isEmbed && kind === 'iframe' && hasFallback(element);
  if (kind !== null && !isFallback) become(element, kind, address);
  else if (!isEmbed) {
    element.name = 'span';
    element.attribs = keptAttributes(element);
  }
}
