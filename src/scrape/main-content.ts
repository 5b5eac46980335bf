import type { ChildNode, Document, Element, ParentNode } from 'domhandler';
import { findAll, findOne, removeElement, textContent } from 'domutils';
import { isElement } from './dom.ts';

const NEVER_CONTENT = new Set('script style template noscript head title svg iframe object textarea select'.split(' '));
const CHROME = new Set('nav footer aside form button'.split(' '));
const WORDS = /^(?:cookies?|sidebar|share|sharing|social|related|newsletter|breadcrumbs?|comments?|promo|advert|ads?)$/;

function hidden({ attribs }: Element): boolean {
  return 'hidden' in attribs || attribs['aria-hidden'] === 'true' || /display:\s*none/.test(attribs['style'] ?? '');
}

function drop(root: ParentNode, unwanted: (element: Element) => boolean): void {
  for (const child of [...root.children]) {
    if (child.type === 'comment' || (isElement(child) && unwanted(child))) removeElement(child);
    else if ('children' in child) drop(child, unwanted);
  }
}

/** Drops what is never content: scripts, styles, templates, hidden elements and comments. */
export function removeNoise(document: Document): void {
  drop(document, (element) => NEVER_CONTENT.has(element.name) || hidden(element));
}

/** The nodes of the page's main content in document order. May change the tree. */
export function mainContent(document: Document, _url: string): ChildNode[] {
  removeNoise(document);
  const body = findOne(({ name }) => name === 'body', document.children) ?? document;
  const articles = findAll(({ name }) => name === 'article', document.children);
  const root =
    findOne(({ name, attribs }) => name === 'main' || attribs['role'] === 'main', document.children) ??
    (articles.length === 1 ? articles[0]! : body);
  drop(root, (element) => {
    const tokens = `${element.attribs['class'] ?? ''} ${element.attribs['id'] ?? ''}`.toLowerCase().split(/[\s_-]+/);
    return (
      CHROME.has(element.name) ||
      (!/^(?:html|body|main|article)$/.test(element.name) && tokens.some((token) => WORDS.test(token)))
    );
  });
  return textContent(root).trim() === '' ? body.children : root.children;
}
