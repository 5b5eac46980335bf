import { markedUtf16 } from './encoding.ts';
import { bySpecificity, compileRule, isAllowed, type Rule } from './robots-rules.ts';

/** The product token that site owners address in robots.txt: `User-agent: Ollagraph`. */
export const USER_AGENT_TOKEN = 'Ollagraph';

/** What one origin's robots.txt says to our product token. */
export interface Robots {
  /**
   * Whether the URL may be fetched. Only its path and query are looked at; what is not a URL may
   * not.
   */
  allows(url: string): boolean;
  /** The largest `Crawl-delay` of our group as written, not clamped; null where there is none. */
  crawlDelaySeconds: number | null;
  /** The absolute http(s) `Sitemap` URLs, each once, in file order. They belong to no group. */
  sitemaps: string[];
  /** What kept the robots.txt from being asked for, where that is why nothing is allowed. */
  unreached?: unknown;
  /** Where the site answered with an error, the seconds after which asking again may help. */
  againInSeconds?: number;
}

/** Everything may be fetched: there is no robots.txt (RFC 9309, 2.3.1.3). */
export const ALLOW_ALL: Robots = {
  allows: (url) => pathOf(url) !== null,
  crawlDelaySeconds: null,
  sitemaps: [],
};

/** Nothing but /robots.txt may be fetched: robots.txt could not be reached (RFC 9309, 2.3.1.4). */
export const DISALLOW_ALL: Robots = { allows: isRobotsTxt, crawlDelaySeconds: null, sitemaps: [] };

/**
 * At most this many octets of a robots.txt are read; a line that they cut is dropped (RFC 9309,
 * 2.5).
 */
export const ROBOTS_MAX_BYTES = 500 * 1024;

interface Group {
  agents: string[];
  rules: Rule[];
  crawlDelay: number | null;
}

/**
 * What follows from the answer to a request for robots.txt, redirects already followed. 2xx is
 * parsed, 5xx disallows all, 4xx allows all, as does a redirect that led nowhere. RFC 9309 counts
 * 429 among the 4xx; here it disallows, as it does for Google: it is no licence to send more.
 */
export function robotsOutcome(
  { status, body }: { status: number; body: Buffer | string },
  url?: string,
): Robots {
  if (status >= 200 && status < 300) return parseRobots(body, url);
  return status >= 300 && status < 500 && status !== 429 ? ALLOW_ALL : DISALLOW_ALL;
}

/**
 * Reads a robots.txt after RFC 9309; `Sitemap` lines may be relative to its `url`. Never throws:
 * what cannot be understood is skipped.
 */
export function parseRobots(text: string | Buffer, url?: string): Robots {
  const { groups, sitemaps } = parseGroups(linesOf(text), url);
  const ours = groupsFor(groups, USER_AGENT_TOKEN.toLowerCase());
  const rules = ours.flatMap((group) => group.rules).toSorted(bySpecificity);
  const delays = ours.map((group) => group.crawlDelay).filter((delay) => delay !== null);
  return {
    allows: (page) => isRobotsTxt(page) || isAllowedUrl(rules, page),
    crawlDelaySeconds: delays.length > 0 ? Math.max(...delays) : null,
    sitemaps,
  };
}

/**
 * The lines as octets, one character each, so that lengths are octets and text that is not UTF-8
 * survives.
 */
function linesOf(text: string | Buffer): string[] {
  let octets = utf8Of(Buffer.from(text)).toString('latin1');
  if (octets.startsWith('\xEF\xBB\xBF')) octets = octets.slice(3);
  if (octets.length > ROBOTS_MAX_BYTES) {
    const readable = octets.slice(0, ROBOTS_MAX_BYTES + 1);
    octets = readable.slice(0, Math.max(readable.lastIndexOf('\n'), readable.lastIndexOf('\r'), 0));
  }
  return octets.split(/\r\n|\r|\n/);
}

/** The bytes of a file in UTF-8: some editors write UTF-16, with a byte order mark. */
function utf8Of(bytes: Buffer): Buffer {
  const encoding = markedUtf16(bytes);
  return encoding === null ? bytes : Buffer.from(new TextDecoder(encoding).decode(bytes));
}

function parseGroups(lines: string[], base: string | undefined): { groups: Group[]; sitemaps: string[] } {
  const groups: Group[] = [];
  const sitemaps = new Set<string>();
  let group: Group | undefined;
  let namingAgents = false;
  for (const line of lines) {
    const record = parseRecord(line);
    if (record === null) continue;
    const { key, value } = record;
    if (key === 'user-agent') {
      if (group === undefined || !namingAgents)
        groups.push((group = { agents: [], rules: [], crawlDelay: null }));
      namingAgents = true;
      group.agents.push(productToken(value));
    } else if (key === 'allow' || key === 'disallow') {
      namingAgents = false;
      if (value !== '') group?.rules.push(compileRule(key === 'allow', value));
    } else if (key === 'crawl-delay') {
      if (group !== undefined) group.crawlDelay = largerDelay(group.crawlDelay, value);
    } else if (key === 'sitemap') {
      const url = URL.parse(Buffer.from(value, 'latin1').toString('utf8'), base);
      if (url !== null && /^https?:$/.test(url.protocol)) sitemaps.add(url.href);
    }
  }
  return { groups, sitemaps: [...sitemaps] };
}

function parseRecord(line: string): { key: string; value: string } | null {
  const content = line.split('#', 1)[0] ?? '';
  const colon = content.indexOf(':');
  if (colon === -1) return null;
  return { key: trim(content.slice(0, colon)).toLowerCase(), value: trim(content.slice(colon + 1)) };
}

function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start += 1;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}

/**
 * The token that a `User-agent` value begins with: `Ollagraph/1.0 (+https://…)` names `ollagraph`.
 */
function productToken(value: string): string {
  return (/^(?:\*(?=$|[ \t])|[A-Za-z_-]+)/.exec(value)?.[0] ?? '').toLowerCase();
}

function largerDelay(current: number | null, value: string): number | null {
  if (!/^(?:\d+\.?\d*|\.\d+)$/.test(value)) return current;
  const seconds = Number(value);
  return Number.isFinite(seconds) ? Math.max(current ?? 0, seconds) : current;
}

function groupsFor(groups: Group[], token: string): Group[] {
  const named = groups.filter((group) => group.agents.includes(token));
  return named.length > 0 ? named : groups.filter((group) => group.agents.includes('*'));
}

function isAllowedUrl(rules: readonly Rule[], url: string): boolean {
  const path = pathOf(url);
  return path !== null && isAllowed(rules, path);
}

/** Path and query as they would be requested: `URL.search` would lose an empty query's `?`. */
function pathOf(url: string): string | null {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return null;
  const start = parsed.href.indexOf('/', parsed.protocol.length + 2);
  return parsed.href.slice(start).split('#', 1)[0] ?? null;
}

function isRobotsTxt(url: string): boolean {
  return pathOf(url)?.split('?', 1)[0] === '/robots.txt';
}
