import { decodeCursor, encodeCursor } from '../../../http/pagination.ts';
import { route } from '../../../http/route/route.ts';
import { describeJobs } from '../../read/describe.ts';
import { jobText, listJobs as list } from '../../read/jobs.ts';
import type { JobContext } from '../context.ts';
import { jobList } from '../schemas/answers.ts';
import { jobListQuery } from '../schemas/queries.ts';

export const listJobs = route({
  id: 'listJobs',
  method: 'get',
  path: '/v1/jobs',
  tag: 'Jobs',
  summary: 'List jobs, newest first',
  description: 'Jobs without their results, by status or kind.',
  access: 'account',
  query: jobListQuery,
  answers: { 200: { description: 'Jobs without their results.', schema: jobList } },
  async handle({ account, query: { limit, cursor, ...filter } }, { db }: JobContext) {
    const before = decodeCursor(cursor, /^job_[0-9a-f]{24}$/);
    const jobs = await list(db, account.id, filter, { limit: limit + 1, before });
    const data = jobs.slice(0, limit);
    const described = await describeJobs(db, data);
    const texts = data.map((job, n) => jobText(job, described[n]));
    const next = jobs.length > limit ? encodeCursor(data.at(-1)!.id) : null;
    return {
      body: `{"data":[${texts.join(',')}],"next_cursor":${JSON.stringify(next)}}`,
    };
  },
});
