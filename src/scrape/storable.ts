/**
 * The text without U+0000 and lone surrogates, neither of which Postgres keeps or UTF-8 can carry.
 */
export function storable(text: string): string {
  const withoutNul = text.includes('\0') ? text.replaceAll('\0', '') : text;
  return withoutNul.isWellFormed() ? withoutNul : withoutNul.replace(/\p{Surrogate}/gu, '');
}
