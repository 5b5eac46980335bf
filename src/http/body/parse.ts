import { setImmediate as nextTurn } from 'node:timers/promises';
import { ServiceError } from '../../service-error.ts';
import { refuseHostile } from '../route/validate.ts';
import type { JsonScanner, LongArray } from './scan.ts';
import { utf8OrNull } from '../../utf8.ts';

/**
 * The value of a body that the scanner has read. Long arrays are built in pieces, between which
 * other requests get a turn. Throws ServiceError: `invalid_json` where it is not JSON in UTF-8,
 * `validation_failed` for what no database can hold.
 */
export async function parseJson(bytes: Buffer, scanner: JsonScanner): Promise<unknown> {
  if (scanner.arrays.size === 0) return parsePiece(decode(bytes), '');
  const value = parsePiece(decode(withoutArrays(bytes, scanner)), '') as Record<string, unknown>;
  for (const [name, array] of scanner.arrays) {
    const elements = (value[name] = [] as unknown[]);
    for (const { start, end } of piecesOf(array)) {
      await nextTurn();
      const piece = parsePiece(`[${decode(bytes.subarray(start, end))}]`, name) as unknown[];
      // Two commas in a row, or one at the end.
      if (piece.length === 0) throw notJson();
      for (const element of piece) elements.push(element);
    }
  }
  return value;
}

/**
 * The text of a top-level field as it came, without white space between tokens; undefined where the
 * body does not have it.
 */
export function verbatimText(bytes: Buffer, scanner: JsonScanner, name: string): string | undefined {
  const span = scanner.fields.get(name);
  return span && decode(bytes.subarray(span.start, span.end)).replace(BETWEEN_TOKENS, '$1');
}

/**
 * A string, which is kept, or white space outside of one. Every character begins at most one match:
 * linear.
 */
const BETWEEN_TOKENS = /("(?:[^"\\]|\\.)*")|[ \n\r\t]+/g;

function* piecesOf({ start, end, cuts }: LongArray) {
  let from = start;
  for (const cut of cuts) {
    yield { start: from, end: cut };
    from = cut + 1;
  }
  yield { start: from, end };
}

/** The body with its long arrays empty. */
function withoutArrays(bytes: Buffer, { arrays }: JsonScanner): Buffer {
  const kept: Buffer[] = [];
  let from = 0;
  for (const { start, end } of [...arrays.values()].toSorted((a, b) => a.start - b.start)) {
    kept.push(bytes.subarray(from, start));
    from = end;
  }
  return Buffer.concat([...kept, bytes.subarray(from)]);
}

function parsePiece(text: string, path: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw notJson(cause);
  }
  refuseHostile(value, path, 0);
  return value;
}

function decode(bytes: Buffer): string {
  const text = utf8OrNull(bytes);
  if (text === null) throw notJson();
  return text;
}

function notJson(cause?: unknown): ServiceError {
  return new ServiceError('invalid_json', 'The body must be JSON in UTF-8.', { cause });
}
