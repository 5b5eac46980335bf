import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { PgBoss } from 'pg-boss';
import { bytea, int, rows, smallint, text } from '../../database/rows.ts';
import { dedupeKey } from '../../crawl/normalise.ts';
import type { Tx } from '../../database/tables.ts';
import { notify } from '../../database/notifications.ts';
import { insertSlices } from '../../database/queue.ts';
import { cacheKeysFor, type CrawlOptions } from '../options.ts';
import type { Job } from '../read/jobs.ts';
import { divideIntoSlices, limitMark, SLICE_PAGES } from '../slices.ts';
import type { CrawlLinks } from './known-links.ts';

/** The identity of a crawled page: SHA-256 of its URL's de-duplication key. */
export function crawlHash(url: string): Buffer {
  return createHash('sha256').update(dedupeKey(url)).digest();
}

/** Where a crawl goes on: the caller's transaction, and what it has at hand. */
interface Expanding {
  tx: Tx;
  boss: PgBoss;
  /** The links that are known to stand in the crawl. */
  links?: CrawlLinks | null;
}

interface Parent {
  ordinal: number;
  depth: number;
  links: string[];
}

interface Child {
  url: string;
  host: string;
  hash: Buffer;
  depth: number;
}

/** What a frontier added, and where it goes on: at a page, and at one of its links. */
export interface Expansion {
  added: number;
  expand_ordinal: number;
  expand_offset: number;
}

/** The most pages whose links are in memory at once. */
const READ_AHEAD = 50;

/**
 * Queues the links of settled pages, strictly in the order of the pages and of the links in them:
 * however many workers there are, the frontier is the first-in-first-out sequence that a single one
 * would build. Stops at the first page that is still pending, and when there are max_pages pages
 * that were not skipped; when a skip makes room, continues from the very link where it stopped. The
 * caller holds the lock on the job's row, and stores there where to go on.
 */
export async function expandFrontier(
  { tx, boss, links: knownLinks = null }: Expanding,
  job: Job,
  counts: { total: number; skipped: number },
): Promise<Expansion> {
  const limit = job.max_pages ?? 0;
  let { expand_ordinal: ordinal, expand_offset: offset } = job;
  let room = limit - (counts.total - counts.skipped);
  if (room <= 0) return { added: 0, expand_ordinal: ordinal, expand_offset: offset };
  const children: Child[] = [];
  const expanded: number[] = [];
  const seen = new Set<string>();

  let parents: Parent[];
  do {
    parents = await settledParents(tx, job, ordinal);
    const hashes = linkHashes(parents, knownLinks);
    const known = await knownHashes(tx, job, [...hashes.values()]);
    for (const parent of parents) {
      const { links } = parent;
      while (offset < links.length && room > 0) {
        const url = links[offset++]!;
        const hash = hashes.get(url);
        if (hash === undefined) continue;
        knownLinks?.note(url);
        const name = hash.toString('latin1');
        if (known.has(name) || seen.has(name)) continue;
        seen.add(name);
        children.push({ url, host: new URL(url).host, hash, depth: parent.depth + 1 });
        room--;
      }
      if (offset < links.length) break;
      expanded.push(parent.ordinal);
      ordinal = parent.ordinal + 1;
      offset = 0;
    }
  } while (room > 0 && parents.length === READ_AHEAD);

  if (expanded.length > 0) {
    await sql`update pages set links = null where account_id = ${job.account_id} and job_id = ${job.id}
      and ordinal = any(${expanded}) and links is not null`.execute(tx);
  }
  await insertChildren(tx, boss, job, { children, first: counts.total });
  return { added: children.length, expand_ordinal: ordinal, expand_offset: offset };
}

/** The pages from `from` on, up to the first that is still pending. */
async function settledParents(tx: Tx, job: Job, from: number): Promise<Parent[]> {
  const parents = await sql<{ ordinal: number; depth: number; links: string | null }>`
    select ordinal, depth, links from pages
    where account_id = ${job.account_id} and job_id = ${job.id} and ordinal >= ${from}
      and ordinal < coalesce((
      select min(ordinal) from pages
      where account_id = ${job.account_id} and job_id = ${job.id} and ordinal >= ${from}
        and status = 'pending'), 2147483647)
    order by ordinal limit ${READ_AHEAD}`.execute(tx);
  return parents.rows.map(({ ordinal, depth, links }) => ({
    ordinal,
    depth,
    links: links === null ? [] : (JSON.parse(links) as string[]),
  }));
}

/** The hash of every link that is not known, computed once for each URL. */
function linkHashes(parents: Parent[], known: CrawlLinks | null): Map<string, Buffer> {
  const hashes = new Map<string, Buffer>();
  for (const { links } of parents)
    for (const url of links) if (!hashes.has(url) && !known?.has(url)) hashes.set(url, crawlHash(url));
  return hashes;
}

/** Those of the hashes that are already in the crawl, as a page or as another address of one. */
async function knownHashes(tx: Tx, job: Job, hashes: Buffer[]): Promise<Set<string>> {
  if (hashes.length === 0) return new Set();
  const known = await sql<{ url_hash: Buffer }>`
    select url_hash
    from pages
    where account_id = ${job.account_id} and job_id = ${job.id} and url_hash = any(${hashes}::bytea[])
    union all
    select url_hash
    from page_aliases
    where account_id = ${job.account_id} and job_id = ${job.id}
      and url_hash = any(${hashes}::bytea[])`.execute(tx);
  return new Set(known.rows.map((row) => row.url_hash.toString('latin1')));
}

/** `first` is the ordinal of the first child. */
async function insertChildren(
  tx: Tx,
  boss: PgBoss,
  job: Job,
  { children, first }: { children: Child[]; first: number },
): Promise<void> {
  if (children.length === 0) return;
  const cacheKey = cacheKeysFor(job.options as CrawlOptions);
  const pages = rows(children, {
    ordinal: int((_, n) => first + n),
    url: text((child) => child.url),
    host: text((child) => child.host),
    url_hash: bytea((child) => child.hash),
    cache_key: bytea((child) => cacheKey(child.url)),
    depth: smallint((child) => child.depth),
  });
  await sql`
    insert into pages (account_id, job_id, ${pages.columns})
    select ${job.account_id}, ${job.id}, * from ${pages.as('p')}`.execute(tx);
  const places = children.map(({ host }, n) => ({ ordinal: first + n, host }));
  const { account_id, id, request_id } = job;
  const facts = { account_id, job_id: id, request_id, ...limitMark(job.options as CrawlOptions) };
  const slices = divideIntoSlices(places).map((slice) => ({ ...facts, ...slice }));
  const priority = job.priority - Math.floor(first / SLICE_PAGES);
  await insertSlices(boss, tx, { lane: 'bulk', slices, priority });
  await notify(tx, { type: 'slices', lane: 'bulk' });
}
