import { sql } from 'kysely';
import { bytea, int, largeText, rows, smallint, text } from '../database/rows.ts';
import type { DbOrTx, Tx } from '../database/tables.ts';
import { isGone, type ComparedPage, type KnownPage, type PageContent } from './page-change.ts';

/** A job that is a run of a schedule. */
export interface RunJob {
  account_id: string;
  id: string;
  schedule_id: string;
  run: number;
}

interface KnownRow {
  ordinal: number;
  sha256: Buffer;
  etag: string | null;
  last_modified: string | null;
  links: string | null;
  aliases: string | null;
  depth: number;
}

/** The name of a page of a job among the known ones. */
const PAGE_KEY = sql`coalesce(p.url_hash, sha256(convert_to(p.url, 'UTF8')))`;

/** What earlier runs know of pages of a job, by ordinal. */
export async function readKnownPages(
  db: DbOrTx,
  { account_id, id, schedule_id }: RunJob,
  ordinals: number[],
): Promise<Map<number, KnownPage>> {
  const known = await sql<KnownRow>`
    select p.ordinal, k.sha256, k.etag, k.last_modified, k.links, k.aliases, k.depth
    from pages p join known_pages k on k.account_id = p.account_id and k.schedule_id = ${schedule_id}
      and k.url_hash = ${PAGE_KEY}
    where p.account_id = ${account_id} and p.job_id = ${id} and p.ordinal = any(${ordinals}::int[])`.execute(
    db,
  );
  return new Map(known.rows.map((row) => [row.ordinal, knownPage(row)]));
}

function knownPage({ sha256, etag, last_modified, links, aliases, depth }: KnownRow): KnownPage {
  return {
    sha256: sha256.toString('hex'),
    etag,
    last_modified,
    links: links === null ? null : (JSON.parse(links) as string[]),
    aliases: aliases === null ? [] : (JSON.parse(aliases) as string[]),
    depth,
  };
}

/** The text of a page that a diff compares, as earlier runs know it; null where they keep none. */
export async function readKnownText(
  db: DbOrTx,
  { account_id, id, schedule_id }: RunJob,
  ordinal: number,
): Promise<string | null> {
  const known = await sql<{ text: string | null }>`
    select k.compared_text as text
    from pages p join known_pages k on k.account_id = p.account_id and k.schedule_id = ${schedule_id}
      and k.url_hash = ${PAGE_KEY}
    where p.account_id = ${account_id} and p.job_id = ${id} and p.ordinal = ${ordinal}`.execute(db);
  return known.rows[0]?.text ?? null;
}

/** What of a changed job may still be compared with earlier runs. */
export interface ChangedJob {
  /** The URLs that it still has; null: any of those that are known. */
  urls: string[] | null;
}

/**
 * Forgets what a changed job of a schedule no longer looks at, so that it does not count as
 * removed, and the validators and texts of the rest: other options may show other content where the
 * site says that nothing has changed, and a diff between two kinds of text says nothing.
 */
export async function forgetVersions(
  tx: Tx,
  { account_id, id }: { account_id: string; id: string },
  { urls }: ChangedJob,
): Promise<void> {
  if (urls !== null)
    await sql`
      delete from known_pages
      where account_id = ${account_id} and schedule_id = ${id}
        and not exists (select from unnest(${urls}::text[]) as kept (url) where kept.url = known_pages.url)`.execute(
      tx,
    );
  await sql`
    update known_pages set etag = null, last_modified = null, compared_text = null
    where account_id = ${account_id} and schedule_id = ${id}`.execute(tx);
}

/** A page of a run that has settled. */
export interface SeenPage {
  ordinal: number;
  status: 'ok' | 'failed' | 'skipped';
  http_status: number | null;
  /** Null where it could not be compared. */
  compared: ComparedPage | null;
  /** Crawl: pages may be missing, because a sitemap could not be read. */
  incomplete: boolean;
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
  if (pages.some(({ incomplete }) => incomplete))
    await sql`update schedule_runs set complete = false where account_id = ${job.account_id}
      and schedule_id = ${job.schedule_id} and run = ${job.run}`.execute(tx);
  if (others.length > 0)
    await sql`
      update known_pages k set last_run = ${job.run}
      from pages p
      where p.account_id = ${job.account_id} and p.job_id = ${job.id}
        and p.ordinal = any(${others.map(({ ordinal }) => ordinal)}::int[])
        and k.account_id = ${job.account_id} and k.schedule_id = ${job.schedule_id}
        and k.url_hash = ${PAGE_KEY}`.execute(tx);
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
    sha256: bytea(({ sha256 }) => Buffer.from(sha256, 'hex')),
    etag: text(({ etag }) => etag),
    last_modified: text(({ last_modified }) => last_modified),
    links: largeText(({ links }) => list(links)),
    aliases: largeText(({ aliases }) => list(aliases)),
    depth: smallint(({ depth }) => depth),
    compared_text: largeText(({ text: compared }) => compared),
  });
  await sql`
    insert into known_pages (account_id, schedule_id, url_hash, url, sha256, etag, last_modified, links,
      aliases, depth, compared_text, last_run)
    select distinct on (${PAGE_KEY}) ${job.account_id}, ${job.schedule_id}, ${PAGE_KEY}, p.url, b.sha256,
      b.etag, b.last_modified, b.links, b.aliases, b.depth, b.compared_text, ${job.run}::int
    from ${batch.as('b')} join pages p on p.account_id = ${job.account_id} and p.job_id = ${job.id}
      and p.ordinal = b.ordinal and p.ordinal = any(${contents.map(({ ordinal }) => ordinal)}::int[])
    order by ${PAGE_KEY}, b.ordinal desc
    on conflict (account_id, schedule_id, url_hash) do update
    set url = excluded.url, sha256 = excluded.sha256, etag = excluded.etag,
      last_modified = excluded.last_modified, links = excluded.links, aliases = excluded.aliases,
      depth = excluded.depth, compared_text = excluded.compared_text, last_run = excluded.last_run`.execute(
    tx,
  );
}
