import type { ReadSitemaps } from '../../changes/known-pages.ts';
import type { ComparedPage } from '../../changes/page-change.ts';
import type { JobFile } from './files.ts';

/** One page's end, ready to be stored. */
export interface PageResult {
  ordinal: number;
  url: string;
  status: 'ok' | 'failed' | 'skipped';
  /** The page block as JSON text, or its bytes in UTF-8. */
  fragment: string | Uint8Array;
  http_status: number | null;
  error_code: string | null;
  /** Whether it costs nothing though it is ok. */
  unbilled?: boolean;
  /** What it costs beyond one credit. */
  surcharge?: number;
  /** Whether the site blocked it: a block page came, or the site is left alone for that. */
  blocked?: boolean;
  duration_ms: number;
  fetched_at: Date;
  /** Crawl: the links to queue, in order. */
  links: string[] | null;
  /** Crawl: the other addresses of this page (where it was redirected to, its canonical URL). */
  aliases: string[];
  /** Crawl: the URL that answered, after redirects, and the type of its answer. */
  answered: { url: string; contentType: string | null } | null;
  /** The files that its block names. */
  files?: JobFile[];
  /** Run of a schedule: what became of the page since the run before, where that can be told. */
  compared?: ComparedPage | null;
  /** The start of a crawl: what became of its sitemaps. */
  sitemaps?: ReadSitemaps | null;
}
