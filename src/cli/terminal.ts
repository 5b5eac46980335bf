/*
 * What is printed may come from strangers: C0 and C1 control characters move a terminal's cursor.
 */

/** A text of several lines without control characters, but for line breaks and tabs. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

/** The same on one line. */
export function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll('\n', '↵').replace(/[\u0000-\u001f\u007f-\u009f]/g, '');
}

/**
 * A value as JSON that is safe to print: JSON.stringify escapes C0 characters, but not DEL and C1.
 */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    // oxlint-disable-next-line no-control-regex
    /[\u007f-\u009f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}
