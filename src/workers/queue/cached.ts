import { sql } from 'kysely';
import type { Db } from '../../database/tables.ts';
import { cacheKeysFor } from '../../jobs/options.ts';
import type { PageResult } from '../../jobs/progress/page-result.ts';
import { makesFiles } from '../../render/options.ts';
import type { JobInfo } from '../job.ts';
import type { PendingPage } from '../job.ts';

/**
 * Results that the account already has for these pages, fetched with the same options within
 * max_age_seconds, except those that only say that the host was in trouble. Some jobs take none: a
 * crawl needs the links of every page, a session needs their cookies, files belong to the job that
 * made them, and a run of a schedule compares what is there now.
 */
export async function cachedResults(db: Db, job: JobInfo, pages: PendingPage[]): Promise<PageResult[]> {
  const { max_age_seconds, rendering } = job.options;
  if (max_age_seconds === 0 || job.session || job.crawl || job.watch || pages.length === 0) return [];
  if (rendering !== null && makesFiles(rendering)) return [];
  const cacheKey = cacheKeysFor(job.options);
  const keys = pages.map((page) => cacheKey(page.url));
  const { rows } = await sql<{
    cache_key: Buffer;
    fragment: string;
    http_status: number | null;
    settled_at: Date;
  }>`
    select distinct on (cache_key) cache_key, fragment, http_status, settled_at from pages
    where account_id = ${job.account_id} and cache_key = any(${keys}::bytea[])
        and status = 'ok' and not unbilled
      and http_status < 500 and http_status <> 429
      and settled_at > now() - ${max_age_seconds} * interval '1 s'
    order by cache_key, settled_at desc`.execute(db);
  const found = new Map(rows.map((row) => [row.cache_key.toString('latin1'), row]));
  return pages.flatMap((page, i) => {
    const hit = found.get(keys[i]!.toString('latin1'));
    if (!hit) return [];
    return [
      {
        ordinal: page.ordinal,
        url: page.url,
        status: 'ok' as const,
        fragment: hit.fragment,
        http_status: hit.http_status,
        error_code: null,
        duration_ms: 0,
        fetched_at: hit.settled_at,
        links: null,
        aliases: [],
        answered: null,
      },
    ];
  });
}
