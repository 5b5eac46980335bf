import { getDomain } from 'tldts';
import { compileExpressions, type UrlExpressions } from './expressions.ts';
import { normalisePercentEncoding, withoutTrailingDots } from './normalise.ts';
import { compilePatterns } from './patterns.ts';

export interface ScopeOptions {
  /** The URL that the crawl starts from. */
  seed: string;
  /** Whether the whole registrable domain belongs to the crawl, not only the seed's host. */
  allow_subdomains?: boolean;
  /** Patterns (see patterns.ts). Where there are any, a URL must match one. */
  include_paths?: readonly string[];
  /** Patterns of what is left out; they win over `include_paths`. */
  exclude_paths?: readonly string[];
  /** Regular expressions of what belongs to the crawl, beside the patterns. */
  url_expressions?: UrlExpressions | undefined;
  /** Whether the path of a URL must begin with that of the seed. */
  below_seed?: boolean | undefined;
  /** Links followed from the seed at most; undefined is no limit. */
  max_depth?: number | undefined;
}

export interface Scope {
  /**
   * Whether the URL is on the seed's site: same port and host, or registrable domain where
   * subdomains are allowed.
   */
  sameSite(url: string): boolean;
  /**
   * Whether a normalised URL, `depth` links away from the seed, belongs to the crawl. The seed
   * itself always does.
   */
  inScope(url: string, depth: number): boolean;
  /**
   * The scope for a page of the crawl: this one, or the same rules for the page's site where that
   * is another. Only a seed that has moved leads to another site: its links are the first that
   * belong to the crawl.
   */
  at(url: string): Scope;
}

/**
 * The rules of one crawl. Throws InvalidPatternError for a bad pattern and TypeError for a seed
 * that is not a URL.
 */
export function createScope(options: ScopeOptions): Scope {
  const { max_depth = Number.POSITIVE_INFINITY, include_paths = [], exclude_paths = [] } = options;
  const seed = new URL(options.seed);
  const included = include_paths.length > 0 ? compilePatterns(include_paths) : () => true;
  const excluded = compilePatterns(exclude_paths);
  const expressed = options.url_expressions ? compileExpressions(options.url_expressions) : () => true;
  const site = siteOf(seed, options.allow_subdomains ?? false);
  const start = options.below_seed === true ? normalisePercentEncoding(seed.pathname) : '/';

  function isSameSite(url: URL): boolean {
    return isHttp(url) && url.port === seed.port && siteOf(url, options.allow_subdomains ?? false) === site;
  }

  let moved: Scope | null = null;
  const scope: Scope = {
    sameSite(raw) {
      const url = URL.parse(raw);
      return url !== null && isSameSite(url);
    },
    inScope(raw, depth) {
      const url = URL.parse(raw);
      if (url === null || depth > max_depth || !isSameSite(url)) return false;
      const path = url.pathname + url.search;
      if (path === seed.pathname + seed.search) return true;
      return path.startsWith(start) && included(path) && !excluded(path) && expressed(url) && !isTrap(raw);
    },
    at(raw) {
      const url = URL.parse(raw);
      if (url === null || !isHttp(url) || isSameSite(url)) return scope;
      if (moved?.sameSite(raw) !== true) moved = createScope({ ...options, seed: raw });
      return moved;
    },
  };
  return scope;
}

/**
 * Judges like the scope until that has taken `ms` of the thread's CPU time, however busy the
 * machine is; what comes later is out of it.
 */
export function withinBudget(scope: Scope, ms: number): Scope['inScope'] {
  let spentMs = 0;
  return (url, depth) => {
    if (spentMs > ms) return false;
    const begunAt = cpuMs();
    const verdict = scope.inScope(url, depth);
    spentMs += cpuMs() - begunAt;
    return verdict;
  };
}

/** What this thread has used so far. To ask takes less than a microsecond. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function isHttp(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:';
}

/**
 * What two URLs of one site have in common. `www.` is no other host, and http no other site than
 * https. Private suffixes count: `a.github.io` and `b.github.io` are strangers. What has no
 * registrable domain (an address, `localhost`, a public suffix) is a site of its own.
 */
function siteOf(url: URL, wholeDomain: boolean): string {
  const host = withoutTrailingDots(url.hostname);
  const domain = wholeDomain ? getDomain(host, { allowPrivateDomains: true, extractHostname: false }) : null;
  return domain ?? host.replace(/^www\.(?=[^.]+\.)/, '');
}

/**
 * Extensions of files that are not read, most often. PDF and office documents are not among them.
 */
const UNREADABLE_EXTENSIONS = new Set(
  `png jpg jpeg jpe gif webp avif heic bmp tif tiff ico svg svgz psd eps raw
   mp3 mp4 m4a m4v aac ogg oga ogv opus wav flac mid midi avi mov mkv mpg mpeg webm wmv flv swf 3gp m3u8
   woff woff2 ttf otf eot
   css scss less js mjs cjs map wasm
   zip gz tgz bz2 xz zst 7z rar tar jar war iso dmg img pkg deb rpm apk ipa msi exe dll bin cab
   doc xls ppt mobi azw3 sqlite db parquet`.split(/\s+/),
);

/**
 * Whether a URL ends like a file of pictures, sound, code or data. It may be a page about one:
 * `/wiki/File:Pier.jpg`.
 */
export function looksLikeFile(raw: string): boolean {
  const extension = /\.([^./]+)$/.exec(URL.parse(raw)?.pathname ?? '')?.[1];
  return extension !== undefined && UNREADABLE_EXTENSIONS.has(extension.toLowerCase());
}

const MAX_SEGMENTS = 15;
const MAX_PARAMETERS = 12;
const MAX_REPEATS = 2;
const YEARS_AHEAD = 3;
const YEARS_BACK = 20;

/**
 * Whether a URL looks made by a site that never ends: the same segment more than twice in the path
 * (numbers aside: they may be a date), more than 15 segments, more than 12 query parameters, or a
 * calendar's page over 3 years ahead or, where the path names a calendar, 20 years back. A guess
 * that leans to "no". What is not a URL is a trap.
 */
export function isTrap(raw: string, now: Date = new Date()): boolean {
  const url = URL.parse(raw);
  if (url === null) return true;
  const segments = url.pathname.split('/').filter((segment) => segment !== '');
  return (
    segments.length > MAX_SEGMENTS ||
    url.searchParams.size > MAX_PARAMETERS ||
    hasRepeats(segments) ||
    isFarCalendar(url, now.getUTCFullYear())
  );
}

function hasRepeats(segments: string[]): boolean {
  const counts = new Map<string, number>();
  for (const segment of segments) {
    if (/^[\d.-]+$/.test(segment)) continue;
    const count = (counts.get(segment) ?? 0) + 1;
    if (count > MAX_REPEATS) return true;
    counts.set(segment, count);
  }
  return false;
}

const CALENDAR_WORD =
  /(?:^|[/_.-])(?:calendars?|events?|agenda|schedule|kalender|calendrier|calendario)(?=$|[/_.-])/i;
const CALENDAR_PARAMETER = /^(?:year|yr|month|date|day|week|tribe-bar-date|eventdate|ical-date)$/i;

/**
 * `/2030/1`, `/2030-01`, `/2030-w12` or `/1/2030`: the year. One alone may as well be the number of
 * an event.
 */
const CALENDAR_PATH =
  /\/(?:([12]\d{3})[/-](?:0?[1-9]|1[0-2]|w\d{1,2})|(?:0?[1-9]|1[0-2])[/-]([12]\d{3}))(?=$|[/-])/i;

/** Past years are far only where the path names a calendar: an archive of 1920 is no trap. */
function isFarCalendar(url: URL, thisYear: number): boolean {
  const isCalendar = CALENDAR_WORD.test(url.pathname);
  const dates = [...url.searchParams]
    .filter(([name]) => CALENDAR_PARAMETER.test(name))
    .map(([, value]) => value);
  if (isCalendar) dates.push(CALENDAR_PATH.exec(url.pathname)?.slice(1).join('') ?? '');
  const years = dates.map(yearOf).filter((year) => year !== null);
  return years.some((year) => year > thisYear + YEARS_AHEAD || (isCalendar && year < thisYear - YEARS_BACK));
}

/**
 * The year that `2030`, `2030-01`, `2030/1/5`, `203001` or `20300105` begin with, or `01-2030` ends
 * with.
 */
function yearOf(date: string): number | null {
  const [, first, last] = /^(?:([12]\d{3})(?=$|\D|\d{2}$|\d{4}$)|\d{1,2}[-/]([12]\d{3})$)/.exec(date) ?? [];
  const year = first ?? last;
  return year === undefined ? null : Number(year);
}
