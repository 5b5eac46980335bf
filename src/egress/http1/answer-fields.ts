import type { HeaderFields } from './head.ts';
import { joined } from './joined.ts';

const MEDIA_TYPE = /^\s*[\w!#$&^.+-]+\/[\w!#$&^.+-]+/;

/** The fields with repeated ones joined by commas (RFC 9110, section 5.3). */
export function joinedFields(fields: HeaderFields): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, joined(value)]));
}

export function joinedField(fields: HeaderFields, name: string): string | undefined {
  const value = fields[name];
  return value === undefined ? undefined : joined(value);
}

/**
 * The codings of a body in the order in which they were applied: those of `Content-Encoding`, then
 * those of `Transfer-Encoding`, which few servers use and which curl undoes, too.
 */
export function codingField(fields: HeaderFields): string {
  return [fields['content-encoding'] ?? [], fields['transfer-encoding'] ?? []].flat().join(', ');
}

export function firstField(fields: HeaderFields, name: string): string | undefined {
  return [fields[name] ?? []].flat()[0];
}

const RANGE = /^bytes\s{1,20}(\d{1,15})-(\d{1,15})\/(\d{1,15})$/i;

/** Whether an answer says that its body is but a part of the whole, which nobody asked for. */
export function isPart(status: number, fields: HeaderFields): boolean {
  const [, first, last, length] = RANGE.exec(firstField(fields, 'content-range') ?? '') ?? [];
  return status === 206 && length !== undefined && Number(last) - Number(first) + 1 < Number(length);
}

/**
 * The `Content-Type` that counts of several: the last media type, with the charset of one before it
 * where it names the same type and no charset (Fetch Standard, "extract a MIME type"). Null where
 * there is none.
 */
export function contentTypeOf(fields: HeaderFields): string | null {
  const given = fields['content-type'];
  // As most answers have it.
  if (typeof given === 'string' && !given.includes(',')) return given;
  let counts: string | null = null;
  for (const value of [given ?? []].flat().flatMap((list) => list.split(','))) {
    const essence = essenceOf(value);
    if (essence === null || essence === '*/*') continue;
    const inherits = counts !== null && essence === essenceOf(counts) && !/;\s*charset\s*=/i.test(value);
    if (!inherits) counts = value.trim();
  }
  return counts ?? firstField(fields, 'content-type') ?? null;
}

function essenceOf(value: string): string | null {
  return MEDIA_TYPE.exec(value)?.[0].trim().toLowerCase() ?? null;
}
