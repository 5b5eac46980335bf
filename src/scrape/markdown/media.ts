import type { Element } from 'domhandler';
import { isElement } from '../dom/index.ts';
import { withoutInvisible } from '../dom/invisible.ts';
import { imageSource, isTrackingPixel } from '../formats/images.ts';
import { resolveHttpUrl } from '../formats/links.ts';
import { oneLine } from '../long-text/in-pieces.ts';
import { destination, escapeText, title } from './inline/escape.ts';

function label(text: string): string {
  return escapeText(oneLine(withoutInvisible(text)), '', ']', true);
}

/** An image, or nothing for tracking pixels and images without an address. */
export function image(element: Element, base: string): string {
  if (isTrackingPixel(element)) return '';
  const source = imageSource(element, base);
  if (source === null) return '';
  return `![${label(element.attribs['alt'] ?? '')}](${destination(source)}${title(element.attribs['title'])})`;
}

const NAMES: Record<string, string> = { iframe: 'Embedded page', video: 'Video', audio: 'Audio' };

function isHidden({ attribs }: Element): boolean {
  return (
    attribs['hidden'] !== undefined ||
    /display\s*:\s*none|visibility\s*:\s*hidden/.test(attribs['style'] ?? '')
  );
}

/**
 * A link to what an `<iframe>`, `<video>` or `<audio>` plays. Empty when it is hidden or has no
 * http(s) address.
 */
export function player(element: Element, base: string): string {
  if (isHidden(element) || isTrackingPixel(element)) return '';
  const sources = [
    element,
    ...element.children.filter((child): child is Element => isElement(child) && child.name === 'source'),
  ];
  for (const { attribs } of sources) {
    const url = resolveHttpUrl(attribs['src'] || attribs['data-src'] || 'about:blank', base);
    if (url === null) continue;
    const text = element.attribs['title'] || element.attribs['aria-label'] || NAMES[element.name]!;
    return `[${label(text)}](${destination(url)})`;
  }
  return '';
}
