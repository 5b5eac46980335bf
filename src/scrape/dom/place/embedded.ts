import { type ChildNode, type Document, Element, isText } from 'domhandler';
import { adopt, eachElement, isElement, parseHtml } from '../index.ts';
import { placeObject } from './objects.ts';

/** Components of AMP pages, and the elements that they stand for. */
const COMPONENTS: ReadonlyMap<string, string> = new Map([
  ['amp-img', 'img'],
  ['amp-anim', 'img'],
  ['amp-video', 'video'],
  ['amp-audio', 'audio'],
  ['amp-iframe', 'iframe'],
]);
const OBJECTS = new Set(['object', 'embed', 'applet']);
/** Frames of one page that are read, and characters in them. */
const MAX_FRAMES = 50;
const MAX_SOURCE = 1_000_000;
/** A frame of so few pixels shows nothing. */
const PIXEL = /^[01](?:px)?$/;

/**
 * Puts what a page embeds where a reader sees it: the text that an `<iframe>` has in its `srcdoc`,
 * the shadow tree that a component declares, with what is slotted into it, the media of AMP
 * components, and what objects show, or stands for them.
 */
export function placeEmbedded(document: Document): void {
  const hosts: Element[] = [];
  const frames: Element[] = [];
  const objects: Element[] = [];
  eachElement(document.children, (element) => {
    element.name = COMPONENTS.get(element.name) ?? element.name;
    if (element.name === 'iframe' && isShown(element)) frames.push(element);
    if (OBJECTS.has(element.name) && !isPixel(element)) objects.push(element);
    if (isShadowRoot(element) && isElement(element.parent)) hosts.push(element.parent);
  });
  // From the inside out: what an object shows may be in another one.
  for (const object of objects.toReversed()) placeObject(object);
  let left = MAX_SOURCE;
  for (const frame of frames.slice(0, MAX_FRAMES)) {
    const source = frame.attribs['srcdoc']!;
    left -= source.length;
    if (left >= 0) showFrame(frame, source);
  }
  // From the inside out: what is slotted may be a component itself.
  for (const host of hosts.toReversed()) showShadow(host);
}

function isPixel({ attribs: { width = '', height = '' } }: Element): boolean {
  return PIXEL.test(width) || PIXEL.test(height);
}

function isShown(element: Element): boolean {
  const { srcdoc = '', hidden } = element.attribs;
  return srcdoc.trim() !== '' && hidden === undefined && !isPixel(element);
}

/** Makes a frame the box of what it shows. */
function showFrame(frame: Element, source: string): void {
  const { srcdoc: _, ...attribs } = frame.attribs;
  frame.name = 'div';
  frame.attribs = attribs;
  adopt(frame, parseHtml(source).children);
}

function isShadowRoot({ name, attribs }: Element): boolean {
  return name === 'template' && attribs['shadowrootmode'] !== undefined;
}

const slotOf = (node: ChildNode): string => (isElement(node) ? (node.attribs['slot'] ?? '') : '');

function showShadow(host: Element): void {
  const root = host.children.find((child): child is Element => isElement(child) && isShadowRoot(child));
  if (root === undefined) return;
  const light = Map.groupBy(
    host.children.filter((child) => child !== root && (isElement(child) || isText(child))),
    slotOf,
  );
  adopt(host, root.children);
  eachElement(host.children, (element) => {
    if (element.name !== 'slot') return;
    const slotted = light.get(element.attribs['name'] ?? '');
    if (slotted === undefined) return;
    light.delete(element.attribs['name'] ?? '');
    adopt(element, slotted);
  });
}
