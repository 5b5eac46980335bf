import { sql, type Selectable } from 'kysely';
import { hex, int, largeText, rows, smallint, text } from '../database/rows.ts';
import type { DbOrTx, JobsTable, Tx } from '../database/tables.ts';
import { isGone, type ComparedPage, type KnownPage, type PageContent } from './page-change.ts';

/** A job that is a run of a schedule. */
export interface RunJob {
  account_id: string;
  id: string;
  schedule_id: string;
  run: number;
  /** The latest run of an earlier job of the schedule. */
  job_baseline: number;
  /** The latest run in which something else may have counted as the content of a page. */
  content_baseline: number;
}

/** The columns of a job that say of which run it is. */
export type RunColumns = Pick<
  Selectable<JobsTable>,
  'account_id' | 'id' | 'schedule_id' | 'run' | 'job_baseline' | 'content_baseline'
>;

/** The job as a run of a schedule; null where it is none. */
export function runOf({ account_id, id, schedule_id, run, ...baselines }: RunColumns): RunJob | null {
  if (schedule_id === null || run === null) return null;
  const { job_baseline, content_baseline } = baselines;
  return {
    account_id,
    id,
    schedule_id,
    run,
    job_baseline: job_baseline ?? 0,
    content_baseline: content_baseline ?? 0,
  };
}

interface KnownRow {
  ordinal: number;
  sha256: Buffer;
  etag: string | null;
  last_modified: string | null;
  links: string | null;
  aliases: string | null;
  depth: number;
  content_run: number;
}

/** The name of a page of a job among the known ones. */
const PAGE_KEY = sql`coalesce(p.url_hash, sha256(convert_to(p.url, 'UTF8')))`;

/** Pages `p` of a run with what earlier runs know of them, `k`. */
function knownPagesOf({ account_id, id, schedule_id }: RunJob, ordinals: number[]) {
  return sql`pages p
    join known_pages k on k.account_id = p.account_id and k.schedule_id = ${schedule_id}
      and k.url_hash = ${PAGE_KEY}
    where p.account_id = ${account_id} and p.job_id = ${id} and p.ordinal = any(${ordinals}::int[])`;
}

/** What earlier runs know of pages of a job, by ordinal. */
export async function readKnownPages(
  db: DbOrTx,
  run: RunJob,
  ordinals: number[],
): Promise<Map<number, KnownPage>> {
  const known = await sql<KnownRow>`
    select p.ordinal, k.sha256, k.etag, k.last_modified, k.links, k.aliases, k.depth, k.content_run
    from ${knownPagesOf(run, ordinals)}`.execute(db);
  return new Map(known.rows.map((row) => [row.ordinal, knownPage(run, row)]));
}

/**
 * Another job may follow other links of a page, and see another content of it where the site says
 * that nothing has changed.
 */
function knownPage({ job_baseline, content_baseline }: RunJob, row: KnownRow): KnownPage {
  const sha256 = row.content_run > content_baseline ? row.sha256.toString('hex') : null;
  const { depth } = row;
  if (row.content_run <= job_baseline)
    return { sha256, etag: null, last_modified: null, links: null, aliases: [], depth };
  const { etag, last_modified, links, aliases } = row;
  return {
    sha256,
    etag,
    last_modified,
    links: links === null ? null : (JSON.parse(links) as string[]),
    aliases: aliases === null ? [] : (JSON.parse(aliases) as string[]),
    depth,
  };
}

/** The text of a page that a diff compares, as earlier runs know it; null where they keep none. */
export async function readKnownText(db: DbOrTx, run: RunJob, ordinal: number): Promise<string | null> {
  const known = await sql<{ text: string | null }>`
    select k.compared_text as text
    from ${knownPagesOf(run, [ordinal])} and k.content_run > ${run.content_baseline}`.execute(db);
  return known.rows[0]?.text ?? null;
}

/** What became of the sitemaps of a crawl. */
export interface ReadSitemaps {
  /** Those of which nothing could be read. */
  failed: string[];
  /** Whether all the others were read to their end. */
  complete: boolean;
}

/** A page of a run that has settled. */
export interface SeenPage {
  ordinal: number;
  status: 'ok' | 'failed' | 'skipped';
  http_status: number | null;
  /** Null where it could not be compared. */
  compared: ComparedPage | null;
  /** Null where it is not the start of a crawl. */
  sitemaps: ReadSitemaps | null;
}

/**
 * Keeps what a run has found out about pages, in the transaction that settles them. What is known
 * of a page that could not be compared stays, unless the page says that it is gone.
 */
export async function rememberPages(tx: Tx, job: RunJob, pages: SeenPage[]): Promise<void> {
  const contents = pages.flatMap(({ ordinal, compared }) =>
    compared?.content ? [{ ordinal, ...compared.content }] : [],
  );
  const others = pages.filter(({ status, http_status, compared }) =>
    compared === null ? !isGone(status, http_status) : compared.content === null,
  );
  if (contents.length > 0) await storeContents(tx, job, contents);
  for (const { sitemaps } of pages) if (sitemaps !== null) await storeSitemaps(tx, job, sitemaps);
  if (others.length > 0)
    await sql`
      update known_pages k set last_run = ${job.run}
      from pages p
      where p.account_id = ${job.account_id} and p.job_id = ${job.id}
        and p.ordinal = any(${others.map(({ ordinal }) => ordinal)}::int[])
        and k.account_id = ${job.account_id} and k.schedule_id = ${job.schedule_id}
        and k.url_hash = ${PAGE_KEY}`.execute(tx);
}

async function storeSitemaps(tx: Tx, job: RunJob, { failed, complete }: ReadSitemaps): Promise<void> {
  if (complete && failed.length === 0) return;
  await tx
    .updateTable('schedule_runs')
    .set({ ...(!complete && { complete }), failed_sitemaps: list(failed) })
    .where('account_id', '=', job.account_id)
    .where('schedule_id', '=', job.schedule_id)
    .where('run', '=', job.run)
    .execute();
}

const list = (values: string[] | null) => (values === null ? null : JSON.stringify(values));

/** A batch may name a URL twice: the later page is kept. */
async function storeContents(
  tx: Tx,
  job: RunJob,
  contents: (PageContent & { ordinal: number })[],
): Promise<void> {
  const batch = rows(contents, {
    ordinal: int(({ ordinal }) => ordinal),
    sha256: hex(({ sha256 }) => sha256),
    etag: text(({ etag }) => etag),
    last_modified: text(({ last_modified }) => last_modified),
    links: largeText(({ links }) => list(links)),
    aliases: largeText(({ aliases }) => list(aliases)),
    depth: smallint(({ depth }) => depth),
    compared_text: largeText(({ text: compared }) => compared),
  });
  await sql`
    insert into known_pages (account_id, schedule_id, url_hash, url, sha256, etag, last_modified, links,
      aliases, depth, compared_text, last_run, content_run)
    select distinct on (${PAGE_KEY}) ${job.account_id}, ${job.schedule_id}, ${PAGE_KEY}, p.url, b.sha256,
      b.etag, b.last_modified, b.links, b.aliases, b.depth, b.compared_text, ${job.run}::int, ${job.run}::int
    from ${batch.as('b')} join pages p on p.account_id = ${job.account_id} and p.job_id = ${job.id}
      and p.ordinal = b.ordinal and p.ordinal = any(${contents.map(({ ordinal }) => ordinal)}::int[])
    order by ${PAGE_KEY}, b.ordinal desc
    on conflict (account_id, schedule_id, url_hash) do update
    set url = excluded.url, sha256 = excluded.sha256, etag = excluded.etag,
      last_modified = excluded.last_modified, links = excluded.links, aliases = excluded.aliases,
      depth = excluded.depth, compared_text = excluded.compared_text, last_run = excluded.last_run, content_run = excluded.content_run`.execute(
    tx,
  );
}
