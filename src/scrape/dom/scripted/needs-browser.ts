import { isText, type ChildNode, type Document, type Element } from 'domhandler';
import { isElement } from '../index.ts';
import { isMount, isRunScript, isScriptShell, SHOWN } from './script-shell.ts';

/** A page with more text than this has something to read without its scripts. */
const MOST_CHARS = 1000;
/** The same where it pleads for JavaScript, and where the place of its application is empty. */
const PLEA_CHARS = 300;
const MOUNT_CHARS = 500;
const PLEA = /javascript/i;
/** What a person would not read. */
const UNREAD = new Set(['head', 'script', 'style', 'template']);

interface Findings {
  chars: number;
  hasScript: boolean;
  hasPlea: boolean;
  /** Whether a framework's place for its application, or the main part, holds nothing. */
  emptyMount: boolean;
  emptyMain: boolean;
}

/**
 * Whether a page would say more in a browser: it is a script's shell; or it has a script, little
 * text, and a plea for JavaScript, an empty place for an application, or an empty main part.
 */
export function needsBrowser(document: Document): boolean {
  const found = lookAt(document);
  if (!found.hasScript || found.chars > MOST_CHARS) return false;
  if (isScriptShell(document)) return true;
  if (found.emptyMain) return true;
  if (found.emptyMount && found.chars <= MOUNT_CHARS) return true;
  return found.hasPlea && found.chars <= PLEA_CHARS;
}

function lookAt(document: Document): Findings {
  const found = { chars: 0, hasScript: false, hasPlea: false, emptyMount: false, emptyMain: false };
  const stack: ChildNode[] = document.children.toReversed();
  while (stack.length > 0 && found.chars <= MOST_CHARS) {
    const node = stack.pop()!;
    if (isText(node)) found.chars += node.data.trim().length;
    if (!isElement(node)) continue;
    if (isRunScript(node)) found.hasScript = true;
    if (node.name === 'noscript') {
      const text = textOf(node);
      found.hasPlea ||= PLEA.test(text);
      // More than a plea: some sites put all that they say there.
      if (text.length > PLEA_CHARS) found.chars += text.length;
      continue;
    }
    if (UNREAD.has(node.name) && node.name !== 'head') continue;
    if (isMount(node)) found.emptyMount ||= isEmpty(node);
    if (node.name === 'main' || node.attribs['role'] === 'main') found.emptyMain ||= isEmpty(node);
    const children = node.name === 'head' ? node.children.filter(isElement) : node.children;
    for (let i = children.length - 1; i >= 0; i--) {
      const child = children[i]!;
      // The title of a page is no text of it.
      if (node.name !== 'head' || !isElement(child) || child.name === 'script') stack.push(child);
    }
  }
  return found;
}

/** Whether an element says and shows nothing. */
function isEmpty(element: Element): boolean {
  const stack: ChildNode[] = [...element.children];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (isText(node) && node.data.trim() !== '') return false;
    if (!isElement(node) || UNREAD.has(node.name) || node.name === 'noscript') continue;
    if (SHOWN.has(node.name)) return false;
    for (const child of node.children) stack.push(child);
  }
  return true;
}

/** The text of an element, in no order, as far as it counts. */
function textOf(element: Element): string {
  let text = '';
  const stack: ChildNode[] = [...element.children];
  for (let node = stack.pop(); node && text.length <= MOST_CHARS; node = stack.pop()) {
    if (isText(node)) text += node.data.slice(0, 2 * MOST_CHARS).trim();
    else if (isElement(node) && !UNREAD.has(node.name)) for (const child of node.children) stack.push(child);
  }
  return text;
}
