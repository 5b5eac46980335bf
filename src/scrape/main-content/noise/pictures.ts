import type { Document, Element } from 'domhandler';
import { eachElement, isElement, visibleText } from '../../dom/index.ts';
import { isTrackingPixel } from '../../formats/images.ts';

/** The only picture in a `noscript` that has no words; null where there are several, or none. */
function solePicture(noscript: Element): Element | null {
  const pictures: Element[] = [];
  eachElement(noscript.children, (element) => {
    if (element.name === 'img') pictures.push(element);
  });
  return pictures.length === 1 && noscript.children.map(visibleText).join('').trim() === ''
    ? pictures[0]!
    : null;
}

/** Whether the picture is another one of the image before it. */
function followsImage({ prev }: Element): boolean {
  let before = prev;
  while (before !== null && !isElement(before)) before = before.prev;
  return before?.name === 'img';
}

const altOf = ({ attribs }: Element): string => attribs['alt']?.trim() ?? '';

/**
 * The `noscript` elements whose picture a script puts in their place: it says what it shows, and no
 * other picture shows the same.
 */
export function unscriptedPictures(document: Document): ReadonlySet<Element> {
  const pictures = new Map<Element, Element>();
  const inside = new Set<Element>();
  const shown = new Set<string>();
  eachElement(document.children, (element) => {
    if (element.name === 'img' && !inside.has(element)) shown.add(altOf(element));
    if (element.name !== 'noscript' || inside.has(element)) return;
    eachElement(element.children, (child) => void inside.add(child));
    const picture = solePicture(element);
    if (picture !== null && altOf(picture) !== '' && !isTrackingPixel(picture) && !followsImage(element))
      pictures.set(element, picture);
  });
  return new Set(
    [...pictures].filter(([, picture]) => !shown.has(altOf(picture))).map(([noscript]) => noscript),
  );
}
