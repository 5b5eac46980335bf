/** What a field's text is turned into. */
export const VALUE_KINDS = ['text', 'html', 'markdown', 'number', 'date', 'url'] as const;
export type ValueKind = (typeof VALUE_KINDS)[number];

/** Where a field's value is found on a page, and what it is turned into. */
export interface Field {
  /** A selector within the element around it; without one, that element itself. */
  css?: string | undefined;
  attr?: string | undefined;
  /** `text` where nothing is said. */
  as?: ValueKind | undefined;
  /** All that match, as a list. */
  all?: boolean | undefined;
  required?: boolean | undefined;
  /** The page's JSON-LD in place of its elements. */
  from?: 'json_ld' | undefined;
  /** The property of a JSON-LD object, names joined by dots; without one, the field's own name. */
  path?: string | undefined;
  /** The fields of an object, which stands in place of a value. */
  fields?: Fields | undefined;
}

export type Fields = { [name: string]: Field };

export const MAX_FIELDS = 200;
export const MAX_FIELD_DEPTH = 5;

/** Why a page cannot be read by these fields, and the path of the field; null where it can. */
export function fieldsFault(
  fields: Fields,
  isSelector: (css: string) => boolean,
): { path: string[]; message: string } | null {
  let count = 0;
  const check = (at: Fields, path: string[]): { path: string[]; message: string } | null => {
    for (const [name, field] of Object.entries(at)) {
      const here = [...path, name];
      const message =
        ++count > MAX_FIELDS
          ? `must have at most ${MAX_FIELDS} fields in all`
          : faultOf(field, here, isSelector);
      if (message !== null) return { path: here, message };
      const inner = field.fields === undefined ? null : check(field.fields, [...here, 'fields']);
      if (inner !== null) return inner;
    }
    return null;
  };
  return check(fields, []);
}

function faultOf(field: Field, path: string[], isSelector: (css: string) => boolean): string | null {
  const depth = (path.length + 1) / 2;
  if (depth > MAX_FIELD_DEPTH) return `must not be nested deeper than ${MAX_FIELD_DEPTH} levels`;
  if (field.css !== undefined && !isSelector(field.css)) return 'css is not a CSS selector';
  if (field.from === undefined) {
    if (field.path !== undefined) return 'path needs from: "json_ld"';
    return depth === 1 && field.css === undefined ? 'must have css, or from: "json_ld"' : null;
  }
  const others = field.css !== undefined || field.attr !== undefined || field.fields !== undefined;
  return others ? 'cannot have css, attr or fields beside from: "json_ld"' : null;
}
