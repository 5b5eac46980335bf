import type { Document, Element } from 'domhandler';
import { eachElement } from '../dom/index.ts';
import { oneLine } from '../long-text/in-pieces.ts';
import type { PageImage } from '../types.ts';
import { imageSource, isTrackingPixel } from './images.ts';

/** A number of pixels as an attribute says it: `640`, `640px`. */
const PIXELS = /^\s*(\d{1,5})(?:\.\d{1,3})?(?:px)?\s*$/i;

/**
 * Every picture of the page (`img`), the address absolute and of the largest version, each address
 * once, in document order. Pixels that count visitors are left out.
 */
export function imagesOf(document: Document, base: string): PageImage[] {
  const found = new Map<string, PageImage>();
  eachElement(document.children, (element) => {
    if (element.name !== 'img' || isTrackingPixel(element)) return;
    const url = imageSource(element, base);
    if (url === null) return;
    const image = { url, ...descriptionOf(element) };
    const earlier = found.get(url);
    if (earlier === undefined) found.set(url, image);
    else complete(earlier, image);
  });
  return [...found.values()];
}

function descriptionOf({ attribs }: Element): Omit<PageImage, 'url'> {
  return {
    alt: attribs['alt'] === undefined ? null : oneLine(attribs['alt']),
    width: pixels(attribs['width']),
    height: pixels(attribs['height']),
  };
}

function pixels(value: string | undefined): number | null {
  const digits = PIXELS.exec(value ?? '')?.[1];
  return digits === undefined || Number(digits) === 0 ? null : Number(digits);
}

/** A picture that stands twice is often described once. */
function complete(earlier: PageImage, { alt, width, height }: PageImage): void {
  earlier.alt = earlier.alt || (alt ?? earlier.alt);
  if (earlier.width !== null || earlier.height !== null) return;
  earlier.width = width;
  earlier.height = height;
}
