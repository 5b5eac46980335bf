import { setImmediate as nextTurn } from 'node:timers/promises';
import { normaliseUrl } from '../../../crawl/normalise.ts';
import type { MapOptions } from '../../../jobs/options.ts';
import { storableJson } from '../../../scrape/page-block.ts';
import type { Hosts } from '../../hosts/hosts.ts';
import type { BodyMemoryBudget, BodyReservation } from '../../limits/body-memory.ts';
import type { Visit } from '../../job.ts';
import type { PageReading } from '../../reading/page-reading.ts';
import { MAX_FRAGMENT_BYTES } from '../../../scrape/long-text/fragment-size.ts';
import { sitemapPages } from './sitemaps.ts';

/** The memory that one URL takes while a map is made, roughly. */
const BYTES_PER_URL = 100;
/** URLs that are written before other pages get a turn: a few milliseconds. */
const PIECE = 2000;

/** A URL of a site. */
interface MappedUrl {
  title?: string;
  lastmod?: string;
}

/** The URLs of a site, and whether the map has all that could be found. */
interface SiteMap {
  urls: Map<string, MappedUrl>;
  complete: boolean;
}

interface StartPage {
  options: MapOptions;
  /** The URL that answered for the start page. */
  start: string;
  reading: PageReading;
  leftMs: number;
}

/**
 * The URLs that the start page links to and the sitemaps list, by the rules of a crawl: the start
 * first, then the links in their order, then what only sitemaps list.
 */
export async function mapSite(
  visit: Visit,
  { hosts, bodies }: { hosts: Hosts; bodies: BodyMemoryBudget },
  { options, start, reading, leftMs }: StartPage,
): Promise<SiteMap> {
  const { max_urls, sitemap, ignore_query_parameters } = options;
  const matches = matcherOf(options.search);
  const urls = new Map<string, MappedUrl>();
  let complete = true;
  const add = (url: string, about: MappedUrl) => {
    const known = urls.get(url);
    if (known) Object.assign(known, about);
    else if (urls.size < max_urls) urls.set(url, about);
    else complete = false;
  };
  const first = normaliseUrl(start, undefined, { ignore_query_parameters }) ?? start;
  for (const url of sitemap === 'only' ? [] : [first, ...reading.links]) {
    const title = reading.titles.get(url);
    if (matches(url, title)) add(url, title === undefined ? {} : { title });
  }
  if (sitemap === 'skip') return { urls, complete };

  using memory = bodies.reserve(visit.job.account_id);
  if (!(await roomWithin(memory, max_urls * BYTES_PER_URL, leftMs))) return { urls, complete: false };
  const listed = await sitemapPages(visit, hosts, {
    seed: start,
    maxUrls: max_urls + 1,
    budgetMs: leftMs,
    accepts: (url) => urls.has(url) || matches(url),
  });
  for (const [url, lastmod] of listed.lastmod) add(url, lastmod === undefined ? {} : { lastmod });
  return { urls, complete: complete && listed.complete && listed.failed.length === 0 };
}

/** Whether the memory could be reserved within `ms`. */
async function roomWithin(memory: BodyReservation, bytes: number, ms: number): Promise<boolean> {
  if (ms <= 0) return false;
  const giveUp = AbortSignal.timeout(Math.ceil(ms));
  giveUp.addEventListener('abort', () => memory[Symbol.dispose](), { once: true });
  await memory.need(bytes);
  return !giveUp.aborted;
}

/** Whether a URL, percent-decoded, or its title has every word of a search. */
function matcherOf(search: string | null): (url: string, title?: string) => boolean {
  const words = (search ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return () => true;
  return (url, title = '') => {
    const text = `${readable(url)} ${title}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

function readable(url: string): string {
  try {
    return decodeURI(url);
  } catch {
    return url;
  }
}

/**
 * A page block with the URLs of a map: JSON text with a tab before each URL, by which it is divided
 * without being parsed. It is one line, as JSON lines have it. URLs that do not fit are left out.
 */
export async function withUrls(fragment: Uint8Array, { urls, complete }: SiteMap): Promise<Uint8Array> {
  const parts = [fragment.subarray(0, -1), Buffer.from(',"urls":[')];
  let left = MAX_FRAGMENT_BYTES - fragment.length - 100;
  let lines: string[] = [];
  let written = 0;
  for (const [url, { title, lastmod }] of urls) {
    const line = storableJson({ url, title, lastmod });
    left -= Buffer.byteLength(line) + 2;
    if (left < 0) break;
    lines.push(`${written++ === 0 ? '' : ','}\t${line}`);
    if (lines.length < PIECE) continue;
    parts.push(Buffer.from(lines.join('')));
    lines = [];
    await nextTurn();
  }
  parts.push(Buffer.from(`${lines.join('')}\t],"complete":${complete && written === urls.size}}`));
  return Buffer.concat(parts);
}
