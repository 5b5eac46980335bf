import { edge } from './delimiters.ts';
import { codeSpan, escapeText } from './escape.ts';
import { characterReference, firstChar, lastChar } from './flanking.ts';
import type { Part } from './part.ts';

function isAutolink(text: string, href: string): boolean {
  if (/^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/.test(text)) return href === `mailto:${text}`;
  return /^[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>`\\|]*$/.test(text) && URL.parse(text)?.href === href;
}

/** The address of a link whose text is the address, and that has no title; else null. */
function autolink(open: Part, text: Part | undefined, close: Part | undefined): string | null {
  const href = open.kind === 'open' ? open.mark?.href : undefined;
  if (href === undefined || text?.kind !== 'text' || close?.mark !== open.mark || close?.value.endsWith('")'))
    return null;
  return isAutolink(text.value, href) ? text.value : null;
}

function escapePart(part: Part, before: string, after: string): string {
  const { value, inLink } = part;
  const afterNote = before === ']' && value.startsWith(':') ? '\\' : '';
  if (!part.referenceFirst && !part.referenceLast)
    return afterNote + escapeText(value, before, after, inLink);
  const first = part.referenceFirst ? firstChar(value) : '';
  const last = part.referenceLast && value !== first ? lastChar(value) : '';
  const middle = value.slice(first.length, value.length - last.length);
  const escaped = escapeText(middle, first === '' ? before : ';', last === '' ? after : '&', inLink);
  return (first === '' ? afterNote : '') + characterReference(first) + escaped + characterReference(last);
}

/** The Markdown of the parts. A link whose text is its own address becomes `<address>`. */
export function escapeParts(parts: Part[]): string {
  let out = '';
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    if (part.kind === 'code') out += codeSpan(part.value);
    else if (part.kind === 'text') {
      const before = edge(parts[i - 1], lastChar);
      out += escapePart(part, before === '\n' ? '' : before, edge(parts[i + 1], firstChar));
    } else {
      const address = autolink(part, parts[i + 1], parts[i + 2]);
      out += address === null ? part.value : `<${address}>`;
      if (address !== null) i += 2;
    }
  }
  return out;
}
