import type { Document } from 'domhandler';
import { eachElement } from '../dom/index.ts';
import { PageError } from '../types.ts';

/** Characters that the base of a page may add to its references. No page block holds as many. */
const MAX_ADDED = 12 * 1024 * 1024;
const SINGLE = ['href', 'src', 'poster', 'cite', 'data-src', 'data-lazy-src', 'data-original'];
const SETS = ['srcset', 'data-srcset', 'data-lazy-srcset'];

/** How much longer a reference becomes when it is made absolute, at most. */
function addedBy(reference: string, base: string, origin: string): number {
  if (/^\s{0,20}(?:[a-z][a-z\d+.-]{0,20}:|\/\/)/i.test(reference)) return 0;
  return reference.startsWith('/') ? origin.length : base.length;
}

/** Throws PageError `too_large` where the base makes a page many times as long as it came. */
export function checkAddresses(document: Document, base: string): void {
  const origin = URL.parse(base)?.origin ?? '';
  let left = MAX_ADDED;
  eachElement(document.children, ({ attribs }) => {
    for (const name of SINGLE) if (attribs[name] !== undefined) left -= addedBy(attribs[name], base, origin);
    for (const name of SETS)
      for (const candidate of attribs[name]?.split(',') ?? []) left -= addedBy(candidate, base, origin);
    if (left < 0) throw new PageError('too_large');
  });
}
