import type { IncomingHttpHeaders } from 'node:http';
import type { DbOrTx } from '../../../database/tables.ts';
import { bytesReply } from '../../../http/bytes-reply.ts';
import type { Reply } from '../../../http/route/reply.ts';
import { notFound } from '../../../service-error.ts';
import { findFile, readFileBytes, type FileRow } from '../../read/files.ts';
import type { Job } from '../../read/jobs.ts';

/**
 * A file of a job, or the part of it that the headers ask for. Content from a site never runs in
 * our origin. Throws ServiceError `not_found`, `precondition_failed`, `range_not_satisfiable`.
 */
export async function fileReply(
  db: DbOrTx,
  job: Job,
  { name, headers }: { name: string; headers: IncomingHttpHeaders },
): Promise<Reply> {
  const file = await findFile(db, job, name);
  if (!file) throw notFound('file');
  const { bytes, sha256 } = file;
  const content = {
    etag: `"${sha256.toString('hex')}"`,
    bytes,
    sha256,
    headers: contentHeaders(file),
    read: ({ start, end }: { start: number; end: number }) => readFileBytes(db, job, { name, start, end }),
  };
  return bytesReply(content, headers);
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
