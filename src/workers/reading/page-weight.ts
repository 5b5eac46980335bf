import type { RawPage } from '../../scrape/types.ts';

const MIB = 1024 * 1024;
/** What a reader takes of its own, without the code that all share, while it reads any page. */
const READER_BYTES = 52 * MIB;
/** What it may take for each byte and each tag of a page: 250 KB of `<li>a` take 45 MiB. */
const BYTES_PER_BYTE = 12;
const BYTES_PER_TAG = 1024;
/** The most that a reader takes before its guard ends it. */
export const LARGEST_READING_BYTES = 184 * MIB;
/** A page of this size can make a tree of tens of megabytes. */
const HEAVY_BYTES = 256 * 1024;
/** So can one of this many tags. Few pages have so many. */
const HEAVY_TAGS = 10_000;
const TAG_OPENS = '<'.charCodeAt(0);
/** Types whose text is as large as their bytes. What other files hold may be much larger. */
const TEXT_TYPE = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml)\b)/i;
/** How PDFs and archives begin, whatever type they claim. */
const PACKED = ['%PDF-', 'PK\x03\x04'];
const HEAD_BYTES = 1024;

/** The memory that the reader of a page may come to take; null for pages that take little. */
export function heavyBytes(page: RawPage): number | null {
  if (isPacked(page)) return LARGEST_READING_BYTES;
  const { length } = page.body;
  const withoutTags = READER_BYTES + BYTES_PER_BYTE * length;
  const most = Math.ceil((LARGEST_READING_BYTES - withoutTags) / BYTES_PER_TAG);
  if (most <= 0) return LARGEST_READING_BYTES;
  const tags = countTags(page.body, most);
  if (length < HEAVY_BYTES && tags < HEAVY_TAGS) return null;
  return Math.min(LARGEST_READING_BYTES, withoutTags + BYTES_PER_TAG * tags);
}

/** The tags of a text, up to `most`, in any encoding: .4 ms for 250 KB. */
function countTags(body: Uint8Array, most: number): number {
  let tags = 0;
  for (let n = 0; n < body.length && tags < most; n++) if (body[n] === TAG_OPENS) tags++;
  return tags;
}

/** Whether the content may be larger than the bytes that came. */
function isPacked({ body, contentType }: RawPage): boolean {
  const head = body.subarray(0, HEAD_BYTES);
  return !TEXT_TYPE.test(contentType ?? '') || PACKED.some((beginning) => head.includes(beginning));
}
