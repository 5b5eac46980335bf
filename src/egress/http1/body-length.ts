import { InvalidAnswerError } from '../errors.ts';
import { joined } from './joined.ts';

/**
 * What ends the body of an answer (RFC 9112, section 6.3): nothing, a number of bytes, its last
 * chunk, the connection.
 */
export type BodyLength = number | 'chunked' | 'connection';

type Fields = Record<string, string | string[] | undefined>;

/**
 * Reads how a body ends. `strict` is false where the fields contradict or repeat each other, or are
 * malformed, and there is one reading that curl and browsers agree on. Throws InvalidAnswerError
 * for lengths that differ.
 */
export function framingFields(status: number, fields: Fields): { length: BodyLength; strict: boolean } {
  const codings = listOf(fields['transfer-encoding']);
  const lengths = listOf(fields['content-length']);
  if (status < 200 || status === 204 || status === 304) return { length: 0, strict: codings.length === 0 };
  if (codings.includes('chunked'))
    return { length: 'chunked', strict: codings.length === 1 && lengths.length === 0 };
  if (codings.some((coding) => coding !== 'identity')) return { length: 'connection', strict: false };
  const [length] = lengths;
  if (length === undefined) return { length: 'connection', strict: true };
  if (lengths.some((other) => other !== length)) throw new InvalidAnswerError('lengths that differ');
  // A length that is no number says nothing: the body then ends with the connection, as in
  // browsers.
  if (!/^\d{1,15}$/.test(length)) return { length: 'connection', strict: false };
  return { length: Number(length), strict: lengths.length === 1 && codings.length === 0 };
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return joined(value)
    .toLowerCase()
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
