/**
 * Soft hyphens, zero width spaces and byte order marks: places where a line may break, and no text.
 */
const INVISIBLE = /[\u00AD\u200B\uFEFF]/;

/** The text without characters that only say where a line may break. */
export function withoutInvisible(text: string): string {
  return INVISIBLE.test(text) ? text.replace(/[\u00AD\u200B\uFEFF]/g, '') : text;
}
