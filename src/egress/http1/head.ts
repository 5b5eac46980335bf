import { framingFields, type BodyLength } from './body-length.ts';
import { InvalidAnswerError } from '../errors.ts';
import { joined } from './joined.ts';

/** The fields of an answer by lower-case name, as Latin-1; a list where a name is repeated. */
export type HeaderFields = Record<string, string | string[]>;

export interface ResponseHead {
  status: number;
  fields: HeaderFields;
  length: BodyLength;
  /**
   * Whether the server keeps the connection open, and for how many milliseconds where it says so.
   */
  keepAlive: boolean;
  keepAliveMs: number | null;
  /** Whether the head breaks the grammar of RFC 9112: its connection must not be used again. */
  lenient: boolean;
}

/** What browsers take (Chromium: 256 KiB). */
export const MAX_HEAD_BYTES = 256 * 1024;
const MAX_FIELDS = 1000;

const STATUS_LINE = /^HTTP\/(\d)(?:\.(\d))?[ \t]+(\d{3})(?:[ \t]|$)/i;
const STRICT_STATUS_LINE = /^HTTP\/1\.[01] \d{3}(?: |$)/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL_CHARACTER = /[\0-\x08\x0a-\x1f\x7f]/;
const CONTROL_CHARACTERS = new RegExp(CONTROL_CHARACTER, 'g');

/**
 * Reads the head of an answer: the bytes up to its empty line. Takes what curl and browsers take
 * (single line feeds, folded lines, control characters, lines that are no fields) and says so in
 * `lenient`. Throws InvalidAnswerError.
 */
export function parseHead(bytes: Buffer): ResponseHead {
  const lines = bytes.toString('latin1').split('\n');
  const strictLines = lines.every((line, index) => line.endsWith('\r') || index === lines.length - 1);
  const statusLine = withoutLineEnd(lines[0]!);
  const [, major, minor = '0', digits] = STATUS_LINE.exec(statusLine) ?? [];
  if (digits === undefined || digits.startsWith('0') || major === '0')
    throw new InvalidAnswerError('no status line');
  const { entries, strict } = readFields(lines.slice(1));
  const fields = collect(entries);
  const status = Number(digits);
  const framing = framingFields(status, fields);
  const persistent = `${major}.${minor}` !== '1.0';
  return {
    status,
    fields,
    length: framing.length,
    keepAlive: keepsAlive(fields, persistent),
    keepAliveMs: keepAliveHint(fields),
    lenient: !(strict && strictLines && framing.strict && STRICT_STATUS_LINE.test(statusLine)),
  };
}

function withoutLineEnd(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function readFields(lines: string[]): { entries: [string, string][]; strict: boolean } {
  const entries: [string, string][] = [];
  let strict = true;
  for (const raw of lines) {
    const line = withoutLineEnd(raw);
    if (line === '') continue;
    const colon = line.indexOf(':');
    const last = entries.at(-1);
    if (line.startsWith(' ') || line.startsWith('\t')) {
      // A folded line goes on with the value before it (RFC 9112, section 5.2).
      strict = false;
      if (last) last[1] = `${last[1]} ${clean(line)}`;
      continue;
    }
    const name = line.slice(0, Math.max(0, colon)).trimEnd();
    const value = line.slice(colon + 1);
    const isClean = !CONTROL_CHARACTER.test(value);
    if (name.length !== colon || !isClean) strict = false;
    if (!TOKEN.test(name)) {
      strict = false;
      continue;
    }
    entries.push([name.toLowerCase(), isClean ? trimBlanks(value) : clean(value)]);
    if (entries.length > MAX_FIELDS) throw new InvalidAnswerError(`more than ${MAX_FIELDS} fields`);
  }
  return { entries, strict };
}

/** The value, trimmed, with a space for each control character (RFC 9110, section 5.5). */
function clean(value: string): string {
  return trimBlanks(value.replace(CONTROL_CHARACTERS, ' '));
}

/**
 * By hand: `trim` would also take U+00A0, a byte of UTF-8, and an expression would take quadratic
 * time.
 */
function trimBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start++;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function collect(entries: [string, string][]): HeaderFields {
  const fields: HeaderFields = Object.create(null);
  for (const [name, value] of entries) {
    const known = fields[name];
    if (known === undefined) fields[name] = value;
    else if (Array.isArray(known)) known.push(value);
    else fields[name] = [known, value];
  }
  return fields;
}

function keepsAlive(fields: HeaderFields, persistent: boolean): boolean {
  if (fields['connection'] === undefined) return persistent;
  const options = joined(fields['connection']).toLowerCase();
  if (/(?:^|,)\s*close\s*(?:,|$)/.test(options)) return false;
  return persistent || /(?:^|,)\s*keep-alive\s*(?:,|$)/.test(options);
}

function keepAliveHint(fields: HeaderFields): number | null {
  if (fields['keep-alive'] === undefined) return null;
  const hint = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,6})/i.exec(joined(fields['keep-alive']));
  return hint === null ? null : Number(hint[1]) * 1000;
}
