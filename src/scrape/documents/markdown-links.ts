import { resolveUrl } from '../formats/links.ts';

const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;
/** Indented code. An indented line that starts with a list marker counts as a list. */
const INDENTED = /^(?: {4}|\t)\s{0,100}(?![-*+] |\d{1,9}[.)] |\s)/;
/** The text before an address: `](`, `[name]:`, or an HTML attribute. */
const TARGETS = [
  /((?<!\\)\]\(\s{0,5}<?)([^\s()<>]{1,2048})/g,
  /^( {0,3}\[(?!\^)[^\]]{1,200}\]:\s{0,5}<?)([^\s<>]{1,2048})(?=>?\s{0,5}(?:$|["'(]))/g,
  /(<(?:a|img) (?:[^<>]{0,200} )?(?:href|src)=")([^"\s<>]{1,2048})/gi,
];

function absoluteIn(text: string, base: string): string {
  const absolute = (match: string, before: string, reference: string): string =>
    URL.canParse(reference) ? match : before + (resolveUrl(reference, base) ?? reference);
  return TARGETS.reduce((done, target) => done.replace(target, absolute), text);
}

/** Makes the relative links and images of Markdown absolute, except in code. */
export function withAbsoluteLinks(markdown: string, base: string): string {
  let fence = '';
  const lines = markdown.split('\n').map((line) => {
    const marker = FENCE.exec(line)?.[1];
    const inCode = fence !== '' || marker !== undefined || INDENTED.test(line);
    if (fence === '') fence = marker ?? '';
    else if (marker?.startsWith(fence) && line.trim() === marker) fence = '';
    if (inCode) return line;
    const pieces = line.split(/(`+[^`]*`+)/);
    return pieces.map((piece, i) => (i % 2 === 1 ? piece : absoluteIn(piece, base))).join('');
  });
  return lines.join('\n');
}
