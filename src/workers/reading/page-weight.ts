import type { RawPage } from '../../scrape/types.ts';

/** A page of this size can make a tree of tens of megabytes. */
const HEAVY_BYTES = 256 * 1024;
/** So can one of this many tags: 250 KB of `<li>a` take 120 MiB. Few pages have so many. */
const HEAVY_TAGS = 10_000;
const TAG_OPENS = '<'.charCodeAt(0);
/** Types whose text is as large as their bytes. What other files hold may be much larger. */
const TEXT_TYPE = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml)\b)/i;
/** How PDFs and archives begin, whatever type they claim. */
const PACKED = ['%PDF-', 'PK\x03\x04'];
const HEAD_BYTES = 1024;

/** Whether reading the page may take much memory. */
export function isHeavy(page: RawPage): boolean {
  return page.body.length >= HEAVY_BYTES || isPacked(page) || countTags(page.body) >= HEAVY_TAGS;
}

/** The tags of a text, up to HEAVY_TAGS, in any encoding: .4 ms for 250 KB. */
function countTags(body: Uint8Array): number {
  let tags = 0;
  for (let n = 0; n < body.length && tags < HEAVY_TAGS; n++) if (body[n] === TAG_OPENS) tags++;
  return tags;
}

/** Whether the content may be larger than the bytes that came. */
function isPacked({ body, contentType }: RawPage): boolean {
  const head = body.subarray(0, HEAD_BYTES);
  return !TEXT_TYPE.test(contentType ?? '') || PACKED.some((beginning) => head.includes(beginning));
}
