import { readFragments } from '../../../database/fragments.ts';
import type { Reply } from '../../../http/route/reply.ts';
import { route } from '../../../http/route/route.ts';
import { ServiceError } from '../../../service-error.ts';
import type { Db } from '../../../database/tables.ts';
import type { Job } from '../../read/jobs.ts';
import type { JobContext } from '../context.ts';
import { beginDownload } from '../downloads.ts';
import { resultText } from '../result-text.ts';
import { jobResult } from '../schemas/answers.ts';
import { resultQuery, type ResultFormat } from '../schemas/queries.ts';
import { csvOf } from './result-csv.ts';
import { requireJob } from './find-job.ts';

const TYPES: Record<ResultFormat, string> = {
  json: 'application/json',
  jsonl: 'application/jsonl',
  csv: 'text/csv; charset=utf-8',
};

export const readResult = route({
  id: 'readResult',
  method: 'get',
  path: '/v1/jobs/{job_id}/result',
  tag: 'Jobs',
  summary: 'Download the result of a job that has ended',
  description:
    'All pages in the order of the request, as one stream: `json` is the `result` of the job, `jsonl` ' +
    'has a page block on each line, `csv` a row for each page.',
  access: 'account',
  query: resultQuery,
  answers: {
    200: { description: 'The result.', schema: jobResult, otherTypes: [TYPES.jsonl, 'text/csv'] },
  },
  problems: ['not_finished'],
  async handle({ account, params, query: { format }, signal }, { db }: JobContext) {
    const job = await requireJob(db, account.id, params.job_id);
    await beginDownload(account.id, signal);
    return resultReply(db, job, format);
  },
});

/** The whole result of a job as a download. Throws ServiceError `not_finished`. */
export function resultReply(db: Db, job: Job, format: ResultFormat): Reply {
  if (job.finished_at === null)
    throw new ServiceError('not_finished', 'The job still runs: read its pages, or wait for its end.');
  const headers = {
    'Content-Type': TYPES[format],
    'Content-Disposition': `attachment; filename="${job.id}.${format}"`,
  };
  return { headers, body: bodyOf(db, job, format) };
}

function bodyOf(db: Db, job: Job, format: ResultFormat): AsyncIterable<string> {
  if (format === 'json') return resultText(db, job);
  const fragments = readFragments(db, job.account_id, job.id);
  return format === 'csv' ? csvOf(job, fragments) : linesOf(fragments);
}

/** The stored blocks have no line breaks of their own. */
async function* linesOf(fragments: AsyncIterable<string[]>): AsyncGenerator<string> {
  for await (const some of fragments) yield some.map((fragment) => `${fragment}\n`).join('');
}
