/** A request as a receiver saw it. */
export interface Captured {
  /** By lower-case name. */
  headers: Map<string, string>;
  /** The raw bytes. */
  body: Buffer;
}

/**
 * The headers in a file: lines like `Name: value`, with the prefix of `curl -v` or without it, or a
 * JSON object of names and values. Other lines are ignored. Null where there is no header.
 */
export function parseHeaders(text: string): Map<string, string> | null {
  const entries = text.trimStart().startsWith('{') ? jsonEntries(text) : lineEntries(text);
  if (!entries || entries.length === 0) return null;
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), value]));
}

function jsonEntries(text: string): [string, string][] | null {
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, unknown>);
    return entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]);
  } catch {
    return null;
  }
}

function lineEntries(text: string): [string, string][] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, name, value] = /^(?:> )?([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value.trim()] satisfies [string, string]];
  });
}
