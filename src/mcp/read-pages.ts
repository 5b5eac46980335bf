import type { PageBlock } from '../jobs/http/schemas/answers.ts';
import { contentOf, headingOf } from './page-text.ts';

/** A list of pages as the API answers it. */
export interface PageList {
  data: PageBlock[];
  next_cursor: string | null;
}

/**
 * Where reading continues: the API's cursor, the page in its answer, and the character in that
 * page.
 */
interface Place {
  cursor: string | null;
  page: number;
  character: number;
}

const START: Place = { cursor: null, page: 0, character: 0 };

export function encodePlace(place: Place): string {
  return Buffer.from(JSON.stringify([place.cursor, place.page, place.character])).toString('base64url');
}

/** The place that a cursor names; null where it is none of ours. */
export function decodePlace(cursor: string | undefined): Place | null {
  if (cursor === undefined) return START;
  try {
    const [api, page, character] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    const valid = (api === null || typeof api === 'string') && isCount(page) && isCount(character);
    return valid ? { cursor: api, page, character } : null;
  } catch {
    return null;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * As much of a list of pages as fits into `limit` characters, from a place on, and the place where
 * reading continues, null at the end. A page that does not fit is divided.
 */
export function cutPages(list: PageList, from: Place, limit: number): { text: string; next: Place | null } {
  const parts: string[] = [];
  let left = limit;
  for (let page = from.page; page < list.data.length; page++) {
    const block = list.data[page]!;
    const content = contentOf(block);
    const start = page === from.page ? from.character : 0;
    if (left <= 0) return { text: parts.join('\n\n'), next: { ...from, page, character: start } };
    const piece = whole(content.slice(start, start + left));
    parts.push(`${headingOf(block)}${start > 0 ? ' (continued)' : ''}\n\n${piece}`);
    left -= piece.length;
    const end = start + piece.length;
    if (end < content.length) return { text: parts.join('\n\n'), next: { ...from, page, character: end } };
  }
  const next = list.next_cursor === null ? null : { ...START, cursor: list.next_cursor };
  return { text: parts.join('\n\n'), next };
}

/** A cut text without half a character at its end. */
function whole(cut: string): string {
  return cut.length > 1 && /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}
