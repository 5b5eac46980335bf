import { z } from 'zod';
import { parseLink, RESULTS_PATH } from '../../../accounts/result-links.ts';
import { JSON_LINES, readResult, resultLength } from '../../../database/result-bytes.ts';
import { bytesReply, PART_HEADERS, WHOLE_HEADERS } from '../../../http/bytes-reply.ts';
import { route } from '../../../http/route/route.ts';
import { notFound, ServiceError } from '../../../service-error.ts';
import { findJob } from '../../read/jobs.ts';
import type { JobContext } from '../context.ts';
import { beginDownload } from '../downloads.ts';
import { downloadHeaders, RESULT_TYPES } from './result-reply.ts';

const query = z.object({
  account: z.string(),
  bytes: z.string(),
  sha256: z.string(),
  expires: z.string().describe('Seconds since 1970.'),
  signature: z.string(),
});

export const readLinkedResult = route({
  id: 'readLinkedResult',
  method: 'get',
  path: `${RESULTS_PATH}/{job_id}`,
  tag: 'Jobs',
  summary: 'Download the result that a callback links to',
  description:
    'The URL is that of a callback with `webhook_payload: link`, as it is, and needs no key. A page block ' +
    'on each line. Takes `Range` with `If-Range`, `If-None-Match`, `If-Match` and HEAD. ' +
    '403 where the URL was changed, 410 once it has expired.',
  access: 'link',
  query,
  answers: {
    200: { description: 'The result.', contentType: RESULT_TYPES.jsonl, headers: WHOLE_HEADERS },
    206: {
      description: 'The part that `Range` asks for.',
      contentType: RESULT_TYPES.jsonl,
      headers: PART_HEADERS,
    },
    304: { description: 'The result is as `If-None-Match` says.' },
  },
  problems: ['gone', 'precondition_failed', 'range_not_satisfiable'],
  async handle({ params, query: given, headers: asked, signal }, { db }: Pick<JobContext, 'db'>) {
    const link = parseLink(params.job_id, given);
    if (link === null) throw notFound('result');
    if (link.expires * 1000 <= Date.now()) throw new ServiceError('gone', 'This link has expired.');
    await beginDownload(link.account_id, signal);
    const job = await findJob(db, link.account_id, link.job_id);
    if (job === null || (await resultLength(db, job, JSON_LINES)) !== link.bytes)
      throw new ServiceError('gone', 'The pages of this job are not kept any longer.');
    const content = {
      etag: `"${link.sha256}"`,
      bytes: link.bytes,
      sha256: Buffer.from(link.sha256, 'hex'),
      headers: downloadHeaders(job, 'jsonl'),
      read: (span: { start: number; end: number }) => readResult(db, job, JSON_LINES, span),
    };
    return bytesReply(content, asked);
  },
});
