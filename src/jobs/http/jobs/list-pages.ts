import { decodeCursor, encodeCursor } from '../../../http/pagination.ts';
import { route } from '../../../http/route/route.ts';
import { listPages as list, type PagePlace } from '../../read/jobs.ts';
import type { JobContext } from '../context.ts';
import { beginDownload } from '../downloads.ts';
import { pageList } from '../schemas/answers.ts';
import { pageListQuery } from '../schemas/queries.ts';
import { requireJob } from './find-job.ts';

const PLACE = /^(?:settlement|ordinal) -?\d{1,7}$/;
/** How long an answer waits for the next page of a running job. */
const PATIENCE_MS = 1000;

export const listPages = route({
  id: 'listPages',
  method: 'get',
  path: '/v1/jobs/{job_id}/pages',
  tag: 'Jobs',
  summary: 'List the pages of a job, also while it runs',
  description:
    'Pages come in the order in which they settled while the job runs, and in the order of the ' +
    'request once it has ended. `next_cursor` is null at the end of an ended job: while the job ' +
    'runs it waits for the next page for up to a second. An answer has fewer pages than `limit` ' +
    'where they are large.',
  access: 'account',
  query: pageListQuery,
  answers: { 200: { description: 'Pages that are done, each once.', schema: pageList } },
  async handle({ account, params, query: { limit, cursor, status }, signal }, { db, waiter }: JobContext) {
    let job = await requireJob(db, account.id, params.job_id);
    const start = placeOf(cursor) ?? {
      order: job.finished_at === null ? 'settlement' : 'ordinal',
      after: -1,
    };
    const turn = await beginDownload(account.id, signal);
    let found = await list(db, job, { ...start, status }, limit);
    if (found.pages.length === 0 && job.finished_at === null) {
      turn[Symbol.dispose]();
      await waiter.wait(account.id, job.id, PATIENCE_MS, AbortSignal.any([signal, waiter.stopping]));
      await beginDownload(account.id, signal);
      job = await requireJob(db, account.id, job.id);
      found = await list(db, job, { ...start, status }, limit);
    }
    const { pages, more } = found;
    const after = pages.at(-1)?.place ?? start.after;
    // The job was read before its pages: one that had ended then has no others.
    const next = more || job.finished_at === null ? encodeCursor(`${start.order} ${after}`) : null;
    const data = pages.map((page) => page.fragment).join(',');
    return { body: `{"data":[${data}],"next_cursor":${JSON.stringify(next)}}` };
  },
});

/** The place that a cursor names. Throws ServiceError for a cursor that is not of this list. */
function placeOf(cursor: string | undefined): PagePlace | null {
  const [order, after] = decodeCursor(cursor, PLACE)?.split(' ') ?? [];
  return order === undefined ? null : { order: order as PagePlace['order'], after: Number(after) };
}
