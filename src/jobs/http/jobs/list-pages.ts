import { decodeCursor, encodeCursor } from '../../../http/pagination.ts';
import { route } from '../../../http/route.ts';
import { listPages as list } from '../../read.ts';
import type { JobContext } from '../context.ts';
import { pageList } from '../schemas/answers.ts';
import { pageListQuery } from '../schemas/queries.ts';
import { requireJob } from './find-job.ts';

export const listPages = route({
  id: 'listPages',
  method: 'get',
  path: '/v1/jobs/{job_id}/pages',
  tag: 'Jobs',
  summary: 'List the pages of a job, also while it runs',
  description: 'An answer has fewer pages than `limit` where they are large.',
  access: 'account',
  query: pageListQuery,
  answers: {
    200: { description: 'The pages that are done, in the order of the request.', schema: pageList },
  },
  async handle({ account, params, query: { limit, cursor } }, { db }: JobContext) {
    const job = await requireJob(db, account.id, params.job_id);
    const after = Number(decodeCursor(cursor, /^\d{1,7}$/) ?? -1);
    const { pages, more } = await list(db, job, limit, after);
    const next = more ? JSON.stringify(encodeCursor(String(pages.at(-1)!.ordinal))) : 'null';
    return { body: `{"data":[${pages.map((page) => page.fragment).join(',')}],"next_cursor":${next}}` };
  },
});
