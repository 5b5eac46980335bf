import { sql } from 'kysely';
import type { Tx } from '../../database/tables.ts';
import { failedBlock } from '../../scrape/page-block.ts';
import type { Job } from '../read/jobs.ts';
import { crawlHash } from './frontier.ts';
import type { PageResult } from './page-result.ts';

/**
 * Turns into `skipped` every page whose other address belongs to an earlier one, and takes the
 * remaining addresses for their pages.
 */
export async function withoutDuplicates(tx: Tx, job: Job, results: PageResult[]): Promise<PageResult[]> {
  const kept: PageResult[] = [];
  for (const result of results) {
    const hashes = result.aliases.map(crawlHash).filter((hash) => !hash.equals(crawlHash(result.url)));
    if (result.status !== 'ok' || hashes.length === 0) {
      kept.push(result);
      continue;
    }
    const taken = await sql`
      select 1
      from pages
      where account_id = ${job.account_id} and job_id = ${job.id} and url_hash = any(${hashes}::bytea[])
        and status <> 'skipped'
      union all
      select 1
      from page_aliases
      where account_id = ${job.account_id} and job_id = ${job.id} and url_hash = any(${hashes}::bytea[])
      limit 1`.execute(tx);
    if (taken.rows.length > 0) {
      kept.push(asDuplicate(result));
      continue;
    }
    await sql`
    insert into page_aliases
    select ${job.account_id}, ${job.id}, unnest(${hashes}::bytea[])
    on conflict do nothing`.execute(tx);
    kept.push(result);
  }
  return kept;
}

function asDuplicate(result: PageResult): PageResult {
  const { url, http_status, fetched_at, duration_ms } = result;
  const fragment = failedBlock({
    url,
    finalUrl: result.answered?.url ?? null,
    httpStatus: http_status,
    contentType: result.answered?.contentType ?? null,
    status: 'skipped',
    code: 'duplicate',
    fetchedAt: fetched_at,
    durationMs: duration_ms,
  });
  return {
    ...result,
    status: 'skipped',
    fragment,
    error_code: 'duplicate',
    unbilled: false,
    surcharge: 0,
    blocked: false,
    links: null,
    files: [],
    compared: null,
  };
}
