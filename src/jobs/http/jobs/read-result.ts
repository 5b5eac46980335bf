import { PART_HEADERS, WHOLE_HEADERS } from '../../../http/bytes-reply.ts';
import { route } from '../../../http/route/route.ts';
import type { JobContext } from '../context.ts';
import { beginDownload } from '../downloads.ts';
import { jobResult } from '../schemas/answers.ts';
import { resultQuery } from '../schemas/queries.ts';
import { requireJob } from './find-job.ts';
import { RESULT_TYPES, resultReply } from './result-reply.ts';

export const readResult = route({
  id: 'readResult',
  method: 'get',
  path: '/v1/jobs/{job_id}/result',
  tag: 'Jobs',
  summary: 'Download the result of a job that has ended',
  description:
    'All pages in the order of the request, as one stream: `json` is the `result` of the job, `jsonl` has ' +
    'a page block on each line, `csv` a row for each page. Takes `Range` with `If-Range`, `If-None-Match`, ' +
    '`If-Match` and HEAD. The digests are there up to 32 MiB of JSON; a larger `csv` has no ranges either.',
  access: 'account',
  query: resultQuery,
  answers: {
    200: {
      description: 'The result.',
      schema: jobResult,
      otherTypes: [RESULT_TYPES.jsonl, 'text/csv'],
      headers: WHOLE_HEADERS,
    },
    206: {
      description: 'The part that `Range` asks for.',
      contentType: RESULT_TYPES.jsonl,
      otherTypes: [RESULT_TYPES.json, 'text/csv'],
      headers: PART_HEADERS,
    },
    304: { description: 'The result is as `If-None-Match` says.' },
  },
  problems: ['not_finished', 'precondition_failed', 'range_not_satisfiable'],
  async handle({ account, params, query: { format }, headers: asked, signal }, { db }: JobContext) {
    const job = await requireJob(db, account.id, params.job_id);
    await beginDownload(account.id, signal);
    return await resultReply(db, job, { format, asked });
  },
});
