import type { PageChange } from '../database/enumerations.ts';

/** What a run found out about a page that it could compare. */
export interface ComparedPage {
  change: PageChange;
  /** What to keep of it; null where the site answered that nothing has changed (304). */
  content: PageContent | null;
}

/** What earlier runs know of a page. */
export interface KnownPage {
  /** SHA-256 of its content, in hex; null where something else counted as content then. */
  sha256: string | null;
  /** Sent as conditions of the next request for it; null: that has none. */
  etag: string | null;
  last_modified: string | null;
  /** Crawl: its links in scope and its other addresses, without those of sitemaps. */
  links: string[] | null;
  aliases: string[];
  depth: number;
}

/** What to keep of a page that came with its content. */
export interface PageContent extends KnownPage {
  sha256: string;
  /**
   * What the next diff compares: kept where the schedule wants diffs and it is not too large; else
   * null.
   */
  text: string | null;
}

/**
 * The statuses with which a site says that a page is gone. With other errors it may come back: they
 * say nothing about a page.
 */
const GONE: ReadonlySet<number> = new Set([404, 410]);

/** Whether the page itself says that it is gone. */
export function isGone(status: 'ok' | 'failed' | 'skipped', httpStatus: number | null): boolean {
  return status === 'ok' && httpStatus !== null && GONE.has(httpStatus);
}
