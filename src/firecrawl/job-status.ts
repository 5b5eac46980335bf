import type { Db } from '../database/tables.ts';
import { decodeCursor, encodeCursor } from '../http/pagination.ts';
import { listPages, type Job } from '../jobs/read/jobs.ts';
import { documentOf } from '../jobs/read/firecrawl-document.ts';
import type { PageBlock } from '../jobs/http/schemas/answers.ts';

const STATUSES = {
  queued: 'scraping',
  running: 'scraping',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
} as const;
const DAY_MS = 86_400_000;

export interface StatusOptions {
  /** The path under which jobs of its kind are read. */
  path: string;
  /** The origin of this service, as the caller knows it. */
  origin: string;
  limit: number;
  cursor: string | undefined;
  retentionDays: number;
}

/**
 * The status of a job, with the documents after a place, in the order in which they settled. `next`
 * leads to those that follow; null where no more have settled yet, in the first version left out.
 */
export async function jobStatus(
  db: Db,
  job: Job,
  { path, origin, limit, cursor, retentionDays }: StatusOptions,
) {
  const after = Number(decodeCursor(cursor, /^-?\d{1,7}$/) ?? -1);
  const { pages, more } = await listPages(db, job, { order: 'settlement', after, status: 'ok' }, limit);
  const rest = more
    ? `${path}/${job.id}?limit=${limit}&cursor=${encodeCursor(String(pages.at(-1)!.place))}`
    : null;
  // Clients of the first version follow `next` where there is one, and need a whole URL.
  const next = path.startsWith('/v1/') ? rest && { next: origin + rest } : { next: rest };
  return {
    success: true,
    id: job.id,
    ...progressOf(job),
    expiresAt: new Date(job.created_at.getTime() + retentionDays * DAY_MS),
    ...next,
    data: pages.map(({ place, fragment }) =>
      documentOf(JSON.parse(fragment) as PageBlock, { id: `${job.id}.${place}`, origin }),
    ),
  };
}

/** The counts of a job in Firecrawl's words. */
export function progressOf(job: Job) {
  return {
    status: STATUSES[job.status],
    total: job.total,
    completed: job.total - job.remaining - job.cancelled,
    creditsUsed: job.succeeded - job.unbilled + job.surcharge,
  };
}
