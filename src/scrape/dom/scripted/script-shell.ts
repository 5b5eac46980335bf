import { isText, type ChildNode, type Document, type Element } from 'domhandler';
import { isElement } from '../index.ts';

/** Text of a page that only waits for its script: "Loading…". */
const SHELL_CHARS = 60;
/** Their content is not read by a visitor whose browser runs scripts. */
const UNREAD = new Set(['head', 'script', 'style', 'noscript', 'template']);
/** A page with one of these shows something without a script. */
export const SHOWN = new Set([
  'img',
  'picture',
  'video',
  'audio',
  'iframe',
  'frame',
  'object',
  'embed',
  'canvas',
  'input',
  'textarea',
]);
/** Where the common frameworks put what their script makes. */
const MOUNTS = /^(?:root|app|__next|__nuxt|___gatsby|svelte|main-app|react-root|app-root|ember-app|q-app)$/i;

/**
 * Whether a page is only the frame that its script fills: it has a script, shows nothing, and says
 * nothing, or next to nothing around a place where frameworks put their content. Looks no further
 * than that.
 */
export function isScriptShell(document: Document): boolean {
  let chars = 0;
  let hasScript = false;
  let hasMount = false;
  const stack: ChildNode[] = document.children.toReversed();
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (isText(node)) chars += node.data.trim().length;
    if (chars > SHELL_CHARS) return false;
    if (!isElement(node)) continue;
    if (SHOWN.has(node.name) && !isHiddenInput(node)) return false;
    if (isRunScript(node) || node.attribs['onload'] !== undefined) hasScript = true;
    // Scripts may stand in the head.
    if (UNREAD.has(node.name) && node.name !== 'head') continue;
    if (isMount(node)) hasMount = true;
    const children = node.name === 'head' ? node.children.filter(isElement).filter(isScript) : node.children;
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i]!);
  }
  return hasScript && (chars === 0 || hasMount);
}

function isHiddenInput({ name, attribs }: Element): boolean {
  return name === 'input' && /^\s*hidden\s*$/i.test(attribs['type'] ?? '');
}

const isScript = ({ name }: Element): boolean => name === 'script';

/**
 * Whether an element is a place where a script puts what it makes: one of the frameworks', or an
 * element that only a script defines (HTML Standard, section 4.13.3).
 */
export function isMount({ name, attribs }: Element): boolean {
  return MOUNTS.test(attribs['id'] ?? '') || name.includes('-');
}

/** Whether an element is a script that a browser runs. */
export function isRunScript({ name, attribs }: Element): boolean {
  return (
    name === 'script' &&
    /^\s*(?:$|module|(?:text|application)\/(?:x-)?(?:java|ecma)script)/i.test(attribs['type'] ?? '')
  );
}
