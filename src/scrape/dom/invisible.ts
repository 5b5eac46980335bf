/**
 * Soft hyphens, zero width spaces, word joiners and byte order marks: they say where a line may
 * break, and are no text.
 */
const INVISIBLE = /[\u00AD\u200B\u2060\uFEFF]/;

/** The text without characters that only say where a line may break. */
export function withoutInvisible(text: string): string {
  return INVISIBLE.test(text) ? text.replace(/[\u00AD\u200B\u2060\uFEFF]/g, '') : text;
}
