import type { RawPage } from '../../scrape/types.ts';
import { ROOM_BYTES, ROOM_PER_BYTE } from './limits.ts';

/** A page of this size can make a tree of tens of megabytes. */
const HEAVY_BYTES = 256 * 1024;
/** Types whose text is as large as their bytes. What other files hold may be much larger. */
const TEXT_TYPE = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml)\b)/i;
/** How PDFs and archives begin, whatever type they claim. */
const PACKED = ['%PDF-', 'PK\x03\x04'];
const HEAD_BYTES = 1024;

/** Whether reading the page may take much memory. */
export function isHeavy(page: RawPage): boolean {
  return page.body.length >= HEAVY_BYTES || isPacked(page);
}

/** The memory that the page may take. */
export function roomFor(page: RawPage): number {
  return isPacked(page) ? ROOM_BYTES : Math.min(page.body.length * ROOM_PER_BYTE, ROOM_BYTES);
}

/** Whether the content may be larger than the bytes that came. */
function isPacked({ body, contentType }: RawPage): boolean {
  const head = body.subarray(0, HEAD_BYTES);
  return !TEXT_TYPE.test(contentType ?? '') || PACKED.some((beginning) => head.includes(beginning));
}
