import { childOf, rubyOf, textOf, type XmlElement } from '../xml-units.ts';

const LOOKS: Record<string, string> = { b: 'strong', i: 'em', strike: 's', dstrike: 's' };
const OFF = new Set(['0', 'false', 'off', 'none']);

/** A field that is open, and the one around it. */
export interface Field {
  instruction: string;
  /** Whether the reader is in its instruction. */
  inCode: boolean;
  outer: Field | null;
}

/** Whether a property of a run is there, and not switched off. */
export function isOn(properties: XmlElement | null, name: string): boolean {
  const property = childOf(properties, name);
  return property !== null && !OFF.has(property.attribs['val'] ?? '');
}

/** How a run looks, as the names of HTML elements. */
export function lookOf(properties: XmlElement | null): string[] {
  if (properties === null) return [];
  const look = Object.keys(LOOKS).flatMap((name) => (isOn(properties, name) ? [LOOKS[name]!] : []));
  const raised = childOf(properties, 'vertAlign')?.attribs['val'];
  if (raised === 'superscript') look.push('sup');
  if (raised === 'subscript') look.push('sub');
  return [...new Set(look)];
}

/** The characters that a child of a run stands for, or null where it is something else. */
export function charactersOf(child: XmlElement): string | null {
  switch (child.name) {
    case 't':
      return textOf(child);
    case 'tab':
    case 'ptab':
      return ' ';
    case 'noBreakHyphen':
      return '-';
    case 'sym':
      return symbolOf(child.attribs['char']);
    case 'ruby':
      return rubyOf(child, 'rubyBase', 'rt');
    default:
      return null;
  }
}

/**
 * A character by its code. Symbol fonts use the private area of Unicode, whose letters say nothing.
 */
function symbolOf(hex: string | undefined): string {
  const code = Number.parseInt(hex ?? '', 16);
  return code > 0x20 && code < 0xe000 && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : '';
}

/** The address that a field links to, or one around it. */
export function addressOf(field: Field | null): string | null {
  for (let at = field; at !== null; at = at.outer) {
    const address = addressIn(at.instruction);
    if (address !== null) return address;
  }
  return null;
}

/** The address that a field's instruction links to. */
export function addressIn(instruction: string): string | null {
  return /^\s*HYPERLINK\s+"([^"]{1,4000})"/.exec(instruction)?.[1] ?? null;
}
