import { writeSync } from 'node:fs';

/**
 * The pipe for fragments: as part of a message each would be there three times on both sides. Not
 * standard output, to which a library may write.
 */
export const FRAGMENT_PIPE = 4;

/** Writes a fragment, in a reader. Waits until the parent has taken it. */
export function writeFragment(fragment: Uint8Array): void {
  for (let at = 0; at < fragment.length;) at += writeSync(FRAGMENT_PIPE, fragment, at);
}
