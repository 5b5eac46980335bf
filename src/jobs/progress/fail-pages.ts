import type { Tx } from '../../database/tables.ts';
import { failedBlock } from '../../scrape/page-block.ts';
import type { PageErrorCode } from '../../scrape/types.ts';
import type { Job } from '../read/jobs.ts';
import type { PageResult } from './page-result.ts';

interface FailedPages {
  code: PageErrorCode;
  /** Only these. */
  ordinals?: number[] | undefined;
  /** At most this many, the first ones. */
  limit?: number;
}

/** The results of a job's pending pages where they fail with this code. Changes nothing. */
export async function failPages(
  tx: Tx,
  { account_id, id }: Job,
  { code, ordinals, limit }: FailedPages,
): Promise<PageResult[]> {
  let query = tx
    .selectFrom('pages')
    .select(['ordinal', 'url'])
    .where('account_id', '=', account_id)
    .where('job_id', '=', id)
    .where('status', '=', 'pending')
    .orderBy('ordinal');
  if (ordinals) query = query.where('ordinal', 'in', ordinals);
  if (limit !== undefined) query = query.limit(limit);
  const now = new Date();
  return (await query.execute()).map(({ ordinal, url }) => ({
    ordinal,
    url,
    status: 'failed',
    fragment: failedBlock({
      url,
      status: 'failed',
      code,
      fetchedAt: now,
      durationMs: 0,
    }),
    http_status: null,
    error_code: code,
    duration_ms: 0,
    fetched_at: now,
    links: null,
    aliases: [],
    answered: null,
  }));
}
