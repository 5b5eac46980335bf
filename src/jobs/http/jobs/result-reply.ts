import type { IncomingHttpHeaders } from 'node:http';
import type { DbOrTx } from '../../../database/tables.ts';
import { bytesReply } from '../../../http/bytes-reply.ts';
import { isUnchanged } from '../../../http/conditions.ts';
import type { Reply } from '../../../http/route/reply.ts';
import { ServiceError } from '../../../service-error.ts';
import { resultETag, type Job } from '../../read/jobs.ts';
import { resultContent } from '../../read/result-content.ts';
import type { ResultFormat } from '../../read/result.ts';

export const RESULT_TYPES: Record<ResultFormat, string> = {
  json: 'application/json',
  jsonl: 'application/jsonl',
  csv: 'text/csv; charset=utf-8',
};

/** The headers of a result that is saved as a file. */
export function downloadHeaders({ id }: Job, format: ResultFormat): Record<string, string> {
  return {
    'Content-Type': RESULT_TYPES[format],
    'Content-Disposition': `attachment; filename="${id}.${format}"`,
  };
}

/**
 * The whole result of a job as a download, or the part of it that the headers ask for. Throws
 * ServiceError `not_finished`, `precondition_failed`, `range_not_satisfiable`.
 */
export async function resultReply(
  db: DbOrTx,
  job: Job,
  { format, asked }: { format: ResultFormat; asked: IncomingHttpHeaders },
): Promise<Reply> {
  if (job.finished_at === null)
    throw new ServiceError('not_finished', 'The job still runs: read its pages, or wait for its end.');
  const etag = resultETag(job, format);
  const known = { ETag: etag, 'Cache-Control': 'private, no-cache' };
  if (isUnchanged(asked, etag)) return { status: 304, headers: known };
  const { bytes, sha256, read } = await resultContent(db, job, format);
  const headers = downloadHeaders(job, format);
  if (bytes === null) return { headers: { ...known, ...headers }, bytes: read() };
  return bytesReply({ etag, bytes, sha256, headers, read }, asked);
}
