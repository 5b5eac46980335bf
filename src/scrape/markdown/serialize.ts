import { edge } from './delimiters.ts';
import { codeSpan, escapeText } from './escape.ts';
import { characterReference, firstChar, lastChar } from './flanking.ts';
import type { Part } from './parts.ts';

/** Writes a link whose text is its own address as `<address>`. */
function withAutolinks(parts: Part[]): Part[] {
  const out: Part[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    const text = parts[i + 1];
    out.push(part);
    if (part.kind !== 'open' || part.mark?.href === undefined || text?.kind !== 'text') continue;
    const close = parts[i + 2];
    if (close?.mark !== part.mark || close.value.endsWith('")') || !isAutolink(text.value, part.mark.href)) continue;
    out[out.length - 1] = { kind: 'verbatim', value: `<${text.value}>`, inLink: true };
    i += 2;
  }
  return out;
}

function isAutolink(text: string, href: string): boolean {
  if (/^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/.test(text)) return href === `mailto:${text}`;
  return /^[a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>`\\|]*$/.test(text) && URL.parse(text)?.href === href;
}

function escapePart(part: Part, before: string, after: string): string {
  const first = part.referenceFirst === true ? firstChar(part.value) : '';
  const last = part.referenceLast === true && part.value !== first ? lastChar(part.value) : '';
  const middle = part.value.slice(first.length, part.value.length - last.length);
  const surroundings = { before: first === '' ? before : ';', after: last === '' ? after : '&', inLink: part.inLink };
  const afterNote = before === ']' && first === '' && middle.startsWith(':') ? '\\' : '';
  return characterReference(first) + afterNote + escapeText(middle, surroundings) + characterReference(last);
}

/** The Markdown of the parts. */
export function escapeParts(unlinked: Part[]): string {
  const parts = withAutolinks(unlinked);
  let out = '';
  for (const [i, part] of parts.entries()) {
    if (part.kind === 'code') out += codeSpan(part.value);
    else if (part.kind === 'text') {
      const before = edge(parts[i - 1], lastChar);
      const after = edge(parts[i + 1], firstChar);
      out += escapePart(part, before === '\n' ? '' : before, after);
    } else out += part.value;
  }
  return out;
}
