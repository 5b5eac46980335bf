import type { IncomingHttpHeaders } from 'node:http';
import type { DbOrTx } from '../../../database/tables.ts';
import { hasETag } from '../../../http/etag.ts';
import { rangeOf } from '../../../http/range.ts';
import type { Reply } from '../../../http/route/reply.ts';
import { notFound } from '../../../service-error.ts';
import { findFile, readFileBytes, type FileRow } from '../../read/files.ts';
import type { Job } from '../../read/jobs.ts';

/**
 * A file of a job, or the part of it that the headers ask for. Content from a site never runs in
 * our origin. Throws ServiceError `not_found`, `range_not_satisfiable`.
 */
export async function fileReply(
  db: DbOrTx,
  job: Job,
  { name, headers }: { name: string; headers: IncomingHttpHeaders },
): Promise<Reply> {
  const file = await findFile(db, job, name);
  if (!file) throw notFound('file');
  const etag = `"${file.sha256.toString('hex')}"`;
  const sent = { ETag: etag, 'Cache-Control': 'private, no-cache', 'Accept-Ranges': 'bytes' };
  if (hasETag(headers['if-none-match'], etag)) return { status: 304, headers: sent };
  const asked = { range: headers.range, ifRange: headers['if-range'] as string | undefined };
  const range = rangeOf(asked, etag, file.bytes);
  const { start, end } = range ?? { start: 0, end: file.bytes - 1 };
  return {
    status: range === null ? 200 : 206,
    headers: {
      ...sent,
      ...contentHeaders(file),
      'Content-Length': String(end + 1 - start),
      ...(range && { 'Content-Range': `bytes ${start}-${end}/${file.bytes}` }),
    },
    bytes: readFileBytes(db, job, { name, start, end }),
  };
}

function contentHeaders({ name, type }: FileRow): Record<string, string> {
  const disposition = type.startsWith('image/') ? 'inline' : 'attachment';
  return {
    'Content-Type': type,
    'Content-Disposition': `${disposition}; filename="${name}"`,
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'X-Content-Type-Options': 'nosniff',
  };
}
