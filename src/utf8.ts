const decoder = new TextDecoder('utf-8', { fatal: true });

/** The text of bytes; null where they are not UTF-8. */
export function utf8OrNull(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
