import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { IN_RESULT, readFragments, type JobKey } from './fragments.ts';
import type { DbOrTx } from './tables.ts';

/**
 * How the page blocks of a result make a text: between head and tail, each with its end, separated.
 */
export interface Layout {
  head: string;
  separator: string;
  end: string;
  tail: string;
}

/** A block on each line: the stored blocks have no line breaks of their own. */
export const JSON_LINES: Layout = { head: '', separator: '', end: '\n', tail: '' };

/** The bytes from `start` to `end`, both included. */
export interface Span {
  start: number;
  end: number;
}

const utf8Length = (text: string) => Buffer.byteLength(text, 'utf8');
/** What a block takes besides itself, where another one follows. */
const extraOf = ({ separator, end }: Layout) => utf8Length(separator) + utf8Length(end);

/**
 * The length of an ended job's result in this layout. Reads the lengths of the blocks alone, which
 * Postgres knows without reading them.
 */
export async function resultLength(db: DbOrTx, job: JobKey, layout: Layout): Promise<number> {
  const { rows } = await sql<{ blocks: number; bytes: number }>`
    select count(*)::int as blocks, coalesce(sum(octet_length(fragment)), 0)::bigint as bytes from pages
    where account_id = ${job.account_id} and job_id = ${job.id} and ${IN_RESULT}`.execute(db);
  const { blocks, bytes } = rows[0]!;
  const between = blocks > 0 ? blocks * extraOf(layout) - utf8Length(layout.separator) : 0;
  return utf8Length(layout.head) + bytes + between + utf8Length(layout.tail);
}

/**
 * The result of an ended job in this layout, or a span of it, in pieces of bounded size. Blocks
 * before the span are not read. Throws where pages are dropped meanwhile.
 */
export async function* readResult(
  db: DbOrTx,
  job: JobKey,
  layout: Layout,
  span?: Span,
): AsyncGenerator<Buffer> {
  const place = span === undefined ? null : await placeOf(db, job, layout, span.start);
  const from = place?.bytes ?? 0;
  const pieces = encode(textFrom(db, job, layout, place));
  yield* span === undefined ? pieces : cut(pieces, { start: span.start - from, end: span.end - from });
}

/** A page of the result that another one follows, and how many bytes there are before that one. */
interface Place {
  ordinal: number;
  bytes: number;
}

/** The last such page before the byte `start`; null where there is none. */
async function placeOf(db: DbOrTx, job: JobKey, layout: Layout, start: number): Promise<Place | null> {
  const { rows } = await sql<Place>`
    select ordinal, bytes from (
      select ordinal,
        (${utf8Length(layout.head)} + sum(octet_length(fragment) + ${extraOf(layout)}::int) over pages)::bigint
          as bytes,
        lead(ordinal) over pages is not null as is_followed
      from pages
      where account_id = ${job.account_id} and job_id = ${job.id} and ${IN_RESULT}
      window pages as (order by ordinal)
    ) as ends
    where is_followed and bytes <= ${start}
    order by ordinal desc limit 1`.execute(db);
  return rows[0] ?? null;
}

async function* textFrom(
  db: DbOrTx,
  job: JobKey,
  { head, separator, end, tail }: Layout,
  place: Place | null,
): AsyncGenerator<string> {
  if (place === null) yield head;
  let first = true;
  for await (const some of readFragments(db, job, place?.ordinal)) {
    yield (first ? '' : separator) + some.map((fragment) => fragment + end).join(separator);
    first = false;
  }
  yield tail;
}

/** The text of pieces as UTF-8. Leaves out empty pieces. */
export async function* encode(pieces: AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) if (piece !== '') yield Buffer.from(piece, 'utf8');
}

/** The span of a stream of bytes. Throws where the stream is shorter. */
export async function* cut(pieces: AsyncIterable<Buffer>, { start, end }: Span): AsyncGenerator<Buffer> {
  let skip = start;
  let left = end + 1 - start;
  if (left <= 0) return;
  for await (const piece of pieces) {
    const from = Math.min(skip, piece.length);
    skip -= from;
    const part = piece.subarray(from, from + left);
    left -= part.length;
    if (part.length > 0) yield part;
    if (left === 0) return;
  }
  throw new Error('a result became shorter while it was read');
}

/** The length and the SHA-256 of a stream, of which no more than a piece is in memory. */
export async function measure(pieces: AsyncIterable<Buffer>): Promise<{ bytes: number; sha256: Buffer }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of pieces) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest() };
}
