import type { Db } from '../database/tables.ts';
import type { Job } from '../jobs/read/jobs.ts';
import { PAGE_ERRORS, type PageErrorCode } from '../scrape/types.ts';

/** The most pages that an answer lists. */
const MAX_ERRORS = 1000;

const isRobots = ({ error_code }: { error_code: string | null }) => error_code === 'robots';

/** The pages of a job that did not come back, and those that robots.txt kept out. */
export async function jobErrors(db: Db, { account_id, id }: Job) {
  const pages = await db
    .selectFrom('pages')
    .select(['ordinal', 'url', 'error_code', 'settled_at'])
    .where('account_id', '=', account_id)
    .where('job_id', '=', id)
    .where('status', 'in', ['failed', 'skipped'])
    .where((page) => page.or([page('status', '=', 'failed'), page('error_code', '=', 'robots')]))
    .orderBy('ordinal')
    .limit(MAX_ERRORS)
    .execute();
  return {
    errors: pages
      .filter((page) => !isRobots(page))
      .map(({ ordinal, url, error_code, settled_at }) => ({
        id: `${id}.${ordinal}`,
        timestamp: settled_at,
        url,
        code: `SCRAPE_${(error_code ?? 'failed').toUpperCase()}`,
        error: PAGE_ERRORS[error_code as PageErrorCode] ?? 'The page did not come back.',
      })),
    robotsBlocked: pages.filter(isRobots).map(({ url }) => url),
  };
}
