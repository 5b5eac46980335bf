import type { Element } from 'domhandler';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Elements that begin and end a line when a browser shows them (HTML Standard, section 15.3). */
export const BLOCK_ELEMENTS = words(
  'html body address article aside blockquote caption center dd details dialog dir div dl dt fieldset ' +
    'figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ' +
    'noframes ol optgroup option p pre search section summary table tbody td tfoot th thead tr ul ' +
    'listing plaintext xmp',
);

/** Elements whose content is never text of the page. */
export const NOT_TEXT = words(
  'script style template noscript head title meta link base svg canvas object embed applet select ' +
    'option optgroup textarea datalist frameset frame noframes noembed iframe audio video map progress ' +
    'meter',
);

const BLOCK_STYLE =
  /(?:^|;)\s{0,20}display\s{0,20}:\s{0,20}(?:block|flex|grid|table(?:-[a-z]{3,12}(?:-group)?)?|list-item|flow-root)\s{0,20}(?:!|;|$)/i;
const MAX_STYLE = 2000;

/** Preformatted text, under the names that it has had. */
export const PREFORMATTED = words('pre listing xmp');

/**
 * Whether custom elements stand side by side without a space: each is shown as a box of its own, as
 * a rule, so that their words do not run together.
 */
export function followsBox({ name, prev }: Element): boolean {
  return name.includes('-') && prev !== null && 'name' in prev && (prev as Element).name.includes('-');
}

const HEADING = /^h[1-6]$/;
/** The level of a heading that names none (WAI-ARIA 1.2, role heading). */
const DEFAULT_LEVEL = 2;

/** The level of a heading, by its name or its role; 0 where an element is none. */
export function headingLevel({ name, attribs }: Element): number {
  if (HEADING.test(name)) return Number(name[1]);
  if (attribs['role'] !== 'heading') return 0;
  const level = Math.trunc(Number(attribs['aria-level'] ?? DEFAULT_LEVEL));
  return level >= 1 ? Math.min(level, 6) : DEFAULT_LEVEL;
}

/** Whether an element begins and ends a line: by its name, or by a display of its own style. */
export function isBlock({ name, attribs }: Element): boolean {
  if (BLOCK_ELEMENTS.has(name)) return true;
  const style = attribs['style'];
  return style !== undefined && BLOCK_STYLE.test(style.slice(0, MAX_STYLE));
}
