import { type ChildNode, type Document, Element, Text } from 'domhandler';
import { adopt } from '../adopt.ts';
import { isElement, isText } from '../index.ts';

const STYLE = /(?:^|;)\s{0,20}white-space\s{0,20}:\s{0,20}([a-z-]{3,20})/i;
/** Classes of the commonest library of styles for the same. */
const CLASS = /(?:^|\s)whitespace-([a-z-]{3,20})(?:\s|$)/;
const KEPT = /^(?:pre|pre-wrap|pre-line|break-spaces)$/;
/** What keeps its lines by itself, or has none. */
const OPAQUE = new Set('pre listing xmp code kbd samp textarea script style template svg math'.split(' '));
const MAX_STYLE = 2000;

/**
 * Puts a `<br>` where a style of an element's own, or a class that is known, shows the line breaks
 * of the source.
 */
export function placeKeptLines(document: Document): void {
  const stack: { parent: Document | Element; isKept: boolean }[] = [{ parent: document, isKept: false }];
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    const { parent, isKept } = place;
    if (isKept && parent.children.some(hasLines)) adopt(parent, parent.children.flatMap(linesOf));
    for (const child of parent.children)
      if (isElement(child) && !OPAQUE.has(child.name))
        stack.push({ parent: child, isKept: keepsLines(child) ?? isKept });
  }
}

/** Whether an element shows the line breaks in it; null where it does not say so. */
function keepsLines({ attribs: { style, class: names } }: Element): boolean | null {
  const styled = style === undefined ? undefined : STYLE.exec(style.slice(0, MAX_STYLE))?.[1];
  const value = styled ?? (names === undefined ? undefined : CLASS.exec(names)?.[1]);
  return value === undefined ? null : KEPT.test(value.toLowerCase());
}

/** Breaks between elements are those of the source, as a rule. */
function hasLines(node: ChildNode): boolean {
  return isText(node) && node.data.includes('\n') && node.data.trim() !== '';
}

function linesOf(node: ChildNode): ChildNode[] {
  if (!hasLines(node)) return [node];
  const [first, ...others] = (node as Text).data.split('\n');
  return [new Text(first!), ...others.flatMap((line) => [new Element('br', {}), new Text(line)])];
}
