import { createScope, type Scope } from '../crawl/scope.ts';
import type { Db } from '../database.ts';
import type { CrawlOptions, ScrapeOptions } from '../jobs/options.ts';

/** What a worker knows of a job: its options never change. */
export interface JobInfo {
  account_id: string;
  id: string;
  request_id: string | null;
  options: ScrapeOptions | CrawlOptions;
  crawl: { scope: Scope } | null;
}

const KEPT = 200;

/** Reads jobs once for all their slices; null when the job has ended (and then nothing of it is to be done). */
export class JobInfos {
  readonly #db: Db;
  readonly #known = new Map<string, JobInfo>();

  constructor(db: Db) {
    this.#db = db;
  }

  async get(accountId: string, jobId: string): Promise<JobInfo | null> {
    const row = await this.#db
      .selectFrom('jobs')
      .select(this.#known.has(jobId) ? ['finished_at', 'kind'] : ['finished_at', 'kind', 'options', 'request_id'])
      .where('account_id', '=', accountId)
      .where('id', '=', jobId)
      .executeTakeFirst();
    if (!row || row.finished_at !== null) {
      this.#known.delete(jobId);
      return null;
    }
    let info = this.#known.get(jobId);
    if (!info) {
      const options = row.options as ScrapeOptions | CrawlOptions;
      info = {
        account_id: accountId,
        id: jobId,
        request_id: row.request_id ?? null,
        options,
        crawl: row.kind === 'crawl' ? { scope: scopeOf(options as CrawlOptions) } : null,
      };
      if (this.#known.size >= KEPT) this.#known.delete(this.#known.keys().next().value!);
      this.#known.set(jobId, info);
    }
    return info;
  }
}

function scopeOf({ url, allow_subdomains, include_paths, exclude_paths, max_depth }: CrawlOptions): Scope {
  return createScope({ seed: url, allow_subdomains, include_paths, exclude_paths, max_depth: max_depth ?? undefined });
}
