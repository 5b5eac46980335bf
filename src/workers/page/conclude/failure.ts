import { EgressError } from '../../../egress/index.ts';
import { PageError, type PageErrorCode } from '../../../scrape/types.ts';
import { HostRefusesError } from '../../hosts/refusals.ts';
import type { Visit } from '../../job.ts';
import type { Ending } from './result.ts';

const REMEDY = 'The operator may open its network with ALLOW_PRIVATE_TARGETS.';

/** The ending of a page that an error kept from being read. */
export function endingOf(error: unknown, visit: Visit): Ending {
  const code = pageErrorCode(error);
  return {
    status: isSkipped(code, visit) ? 'skipped' : 'failed',
    code,
    detail: detailOf(error),
    block: error instanceof HostRefusesError ? error.verdict : null,
  };
}

function pageErrorCode(error: unknown): PageErrorCode {
  if (error instanceof PageError) return error.code;
  if (!(error instanceof EgressError)) return 'internal_error';
  return error.code === 'body_failed' ? 'internal_error' : error.code;
}

/** A crawl's link to a file that has no text is skipped; it is no page that failed. */
function isSkipped(code: PageErrorCode, { job, page }: Visit): boolean {
  const isFile = job.crawl !== null && page.depth > 0 && code === 'unsupported_content_type';
  return code === 'robots' || isFile;
}

/** What is known of the fault beyond its code, as a sentence. */
function detailOf(error: unknown): string | null {
  if (!(error instanceof EgressError) || error.detail === null) return null;
  return error.detail === 'address_not_public' ? `${error.message} ${REMEDY}` : error.message;
}
