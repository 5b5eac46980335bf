import { PART_HEADERS, WHOLE_HEADERS } from '../../../http/bytes-reply.ts';
import { route } from '../../../http/route/route.ts';
import { SCREENSHOT_TYPES } from '../../../render/options.ts';
import type { JobContext } from '../context.ts';
import { beginDownload } from '../downloads.ts';
import { fileReply } from './file-reply.ts';
import { requireJob } from './find-job.ts';

/** No file has the first one: it tells generated clients that a file is bytes. */
const TYPES = {
  contentType: 'application/octet-stream',
  otherTypes: [...Object.values(SCREENSHOT_TYPES), 'application/pdf'],
};

export const readFile = route({
  id: 'readFile',
  method: 'get',
  path: '/v1/jobs/{job_id}/files/{name}',
  tag: 'Jobs',
  summary: 'Read a file of a job: a screenshot or a PDF',
  description:
    'A page block names its files with their paths. Takes `Range` with `If-Range`, `If-None-Match`, ' +
    '`If-Match` and HEAD. Files are there with the page that they are of, and for as long as the job.',
  access: 'account',
  answers: {
    200: { description: 'The file.', ...TYPES, headers: WHOLE_HEADERS },
    206: {
      description: 'The part that `Range` asks for.',
      ...TYPES,
      headers: PART_HEADERS,
    },
    304: { description: 'The file is as `If-None-Match` says.' },
  },
  problems: ['precondition_failed', 'range_not_satisfiable'],
  async handle({ account, params, headers, signal }, { db }: JobContext) {
    const job = await requireJob(db, account.id, params.job_id);
    await beginDownload(account.id, signal);
    return await fileReply(db, job, { name: params.name, headers });
  },
});
