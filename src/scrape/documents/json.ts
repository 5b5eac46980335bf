import { fenced, plainMetadata, preformatted, QUIET, type Content } from './content.ts';
import { readJsonFeed } from './json-feed.ts';
import { TextBuilder } from '../long-text/text-builder.ts';
import { urlsIn } from './text.ts';

/** Deeper JSON is left as it came: indented, its size would grow with the square of the depth. */
const MAX_INDENTED_DEPTH = 64;
/**
 * JSON with more values is left as it came: parsed, it would take twenty times its size, and
 * indented several times.
 */
const MAX_VALUES = 500_000;
/** The most that indentation may add. */
const MAX_INDENTED_CHARS = 16_000_000;

/** Whether the JSON has few enough values to be read. Those in strings count too. */
function hasFewValues(json: string): boolean {
  let values = 0;
  for (let i = 0; i < json.length && values <= MAX_VALUES; i++) {
    const code = json.charCodeAt(i);
    if (code === 0x2c || code === 0x5b || code === 0x7b) values++; // , [ {
  }
  return values <= MAX_VALUES;
}

/** What JSON says; undefined where it is not valid. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The position after the string that begins at `start`. */
function endOfString(json: string, start: number): number {
  let end = start + 1;
  while (json[end] !== '"') end += json[end] === '\\' ? 2 : 1;
  return end + 1;
}

/**
 * Valid JSON indented by two spaces, its numbers, strings and order of keys untouched; null where
 * it is nested too deeply or grows too long. Reads the text once, without recursion.
 */
function indent(json: string): string | null {
  const out = new TextBuilder();
  let depth = 0;
  let chars = 0;
  for (let i = 0; i < json.length;) {
    chars += 2 * depth;
    if (chars > MAX_INDENTED_CHARS) return null;
    const char = json[i]!;
    let end = i + 1;
    if (char === '"') end = endOfString(json, i);
    else if (char === '{' || char === '[') {
      if (++depth > MAX_INDENTED_DEPTH) return null;
      while (' \t\r\n'.includes(json[end]!)) end++;
      const closes = json[end] === '}' || json[end] === ']';
      if (closes) depth--;
      out.add(closes ? char + json[end]! : `${char}\n${'  '.repeat(depth)}`);
      i = closes ? end + 1 : end;
      continue;
    } else if (char === '}' || char === ']') out.add(`\n${'  '.repeat(--depth)}${char}`);
    else if (char === ',') out.add(`,\n${'  '.repeat(depth)}`);
    else if (char === ':') out.add(': ');
    else if (!' \t\r\n'.includes(char)) {
      while (end < json.length && !',]} \t\r\n'.includes(json[end]!)) end++;
      out.add(json.slice(i, end));
    }
    if (char === '"') out.add(json.slice(i, end));
    i = end;
  }
  return out.toString();
}

/**
 * A JSON Feed as its entries, other JSON indented; what is not valid JSON (JSON Lines, a comment, a
 * truncated file) is left as it came.
 */
export function readJson(source: string, url: string): Content {
  const value = hasFewValues(source) ? parse(source) : undefined;
  const feed = readJsonFeed(value, url);
  if (feed !== null) return feed;
  const text = (value === undefined ? null : indent(source)) ?? source.trim();
  return {
    ...QUIET,
    markdown: () => fenced(text, 'json'),
    html: () => preformatted(text),
    text: () => text,
    links: urlsIn(text),
    metadata: plainMetadata(),
  };
}
