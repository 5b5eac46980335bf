import { resolveUrl } from '../formats/links.ts';
import { linesOf } from '../long-text/lines.ts';
import { TextBuilder } from '../long-text/text-builder.ts';

const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;
/** Indented code. An indented line that starts with a list marker counts as a list. */
const INDENTED = /^(?: {4}|\t)\s{0,100}(?![-*+] |\d{1,9}[.)] |\s)/;
/** The text before an address: `](`, `[name]:`, or an HTML attribute. */
const TARGETS = [
  /((?<!\\)\]\(\s{0,5}<?)([^\s()<>]{1,2048})/g,
  /^( {0,3}\[(?!\^)[^\]]{1,200}\]:\s{0,5}<?)([^\s<>]{1,2048})(?=>?\s{0,5}(?:$|["'(]))/g,
  /(<(?:a|img) (?:[^<>]{0,200} )?(?:href|src)=")([^"\s<>]{1,2048})/gi,
];

/** What stands before each of them. Few lines have it. */
const BEFORE_TARGET = /[\]<]/;

function absoluteIn(text: string, base: string): string {
  const absolute = (match: string, before: string, reference: string): string =>
    URL.canParse(reference) ? match : before + (resolveUrl(reference, base) ?? reference);
  return TARGETS.reduce((done, target) => done.replace(target, absolute), text);
}

function absoluteOutsideCode(line: string, base: string): string {
  const out = new TextBuilder();
  let from = 0;
  for (const { 0: code, index } of line.matchAll(/`+[^`]*`+/g)) {
    out.add(absoluteIn(line.slice(from, index), base));
    out.add(code);
    from = index + code.length;
  }
  out.add(absoluteIn(line.slice(from), base));
  return out.toString();
}

/** Makes the relative links and images of Markdown absolute, except in code. */
export function withAbsoluteLinks(markdown: string, base: string): string {
  const out = new TextBuilder();
  let fence = '';
  for (const line of linesOf(markdown)) {
    const marker = FENCE.exec(line)?.[1];
    const inCode = fence !== '' || marker !== undefined || INDENTED.test(line);
    if (fence === '') fence = marker ?? '';
    else if (marker?.startsWith(fence) && line.trim() === marker) fence = '';
    out.add(inCode || !BEFORE_TARGET.test(line) ? `${line}\n` : `${absoluteOutsideCode(line, base)}\n`);
  }
  return out.toString().slice(0, -1);
}
