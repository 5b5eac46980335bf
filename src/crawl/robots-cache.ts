import { LRUCache } from 'lru-cache';
import { ALLOW_ALL, DISALLOW_ALL, ROBOTS_MAX_BYTES, robotsOutcome, type Robots } from './robots.ts';

/** RFC 9309, 2.4: a robots.txt is not used for longer than a day. */
const DAY_MS = 24 * 60 * 60 * 1000;

/** An error that is asked about again so soon may have passed by then: pages wait for it. */
const SOON_MS = 60_000;
const FIRST_ERROR_MS = 1000;

export interface RobotsAnswer {
  status: number;
  body: Buffer;
  /** What `Retry-After` asks for. */
  retryAfterSeconds?: number | null;
}

export interface RobotsCacheOptions {
  /** Fetches a robots.txt, redirects followed (at least five); rejects when there was no answer. */
  fetch: (url: string, accountId?: string) => Promise<RobotsAnswer>;
  /** How long a robots.txt is used, in milliseconds. At most, and by default, 24 h. */
  ttlMs?: number;
  /**
   * How long an origin whose robots.txt was answered with an error stays disallowed at most, in
   * milliseconds; default 5 min. It begins with what the answer asks for, or a second, and doubles
   * with each error in a row.
   */
  errorTtlMs?: number;
  /** The same where there was no answer: pages are tried again within seconds. Default 5 s. */
  unreachedTtlMs?: number;
  /** Whether there was no answer for a limit of who asked: others ask by themselves. */
  isOfAsker?: (error: unknown) => boolean;
  /** Origins kept, default 1,000; the least recently used goes first. */
  maxEntries?: number;
  /**
   * Octets of robots.txt kept in all, default 8 MiB: the rules made of them take several times as
   * much.
   */
  maxBytes?: number;
  /** Milliseconds on a clock that is never stepped. */
  now?: () => number;
}

export interface RobotsCache {
  /**
   * The rules of the URL's origin. Never rejects for what the origin does: what cannot be reached
   * disallows all. `accountId`: who asks, where the file is to be fetched.
   */
  get(originOrUrl: string, accountId?: string): Promise<Robots>;
}

interface Entry {
  robots: Robots;
  bytes: number;
  expiresAt: number;
  /** Errors answered in a row. */
  errors: number;
}

/**
 * A bounded memory of robots.txt files. Callers of one account that ask for the same origin at once
 * share one fetch.
 */
export function createRobotsCache(options: RobotsCacheOptions): RobotsCache {
  const { fetch, errorTtlMs = 5 * 60 * 1000, unreachedTtlMs = 5000, isOfAsker = () => false } = options;
  const { maxEntries = 1000, maxBytes = 8 * 1024 * 1024 } = options;
  const now = options.now ?? (() => performance.now());
  const ttlMs = Math.min(options.ttlMs ?? DAY_MS, DAY_MS);
  const entries = new LRUCache<string, Entry>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: (entry) => Math.max(1, entry.bytes),
  });
  const pending = new Map<string, Promise<Robots>>();

  async function load(origin: string, accountId?: string): Promise<Robots> {
    const errors = entries.get(origin)?.errors ?? 0;
    let loaded;
    try {
      loaded = loadedOf(await fetch(`${origin}/robots.txt`, accountId), origin, errors);
    } catch (unreached) {
      const robots = { ...DISALLOW_ALL, unreached };
      if (isOfAsker(unreached)) return robots;
      loaded = { robots, bytes: 0, ttlMs: unreachedTtlMs, errors };
    }
    const entry = { ...loaded, expiresAt: now() + Math.min(loaded.ttlMs, ttlMs) };
    entries.set(origin, entry);
    return current(entry);
  }

  function loadedOf(answer: RobotsAnswer, origin: string, errors: number) {
    const robots = robotsOutcome(answer, `${origin}/robots.txt`);
    if (robots === DISALLOW_ALL) {
      const pauseMs = Math.max((answer.retryAfterSeconds ?? 0) * 1000, FIRST_ERROR_MS * 2 ** errors);
      return { robots, bytes: 0, ttlMs: Math.min(pauseMs, errorTtlMs), errors: errors + 1 };
    }
    const bytes = robots === ALLOW_ALL ? 0 : Math.min(answer.body.length, ROBOTS_MAX_BYTES);
    return { robots, bytes, ttlMs, errors: 0 };
  }

  /** What the entry says now. */
  function current({ robots, expiresAt }: Entry): Robots {
    const leftMs = expiresAt - now();
    return robots === DISALLOW_ALL && leftMs <= SOON_MS
      ? { ...robots, againInSeconds: leftMs / 1000 }
      : robots;
  }

  async function get(originOrUrl: string, accountId?: string): Promise<Robots> {
    const { origin } = new URL(originOrUrl);
    const entry = entries.get(origin);
    if (entry !== undefined && now() < entry.expiresAt) {
      return current(entry);
    }
    const key = `${origin} ${accountId}`;
    let loading = pending.get(key);
    if (loading === undefined) {
      loading = load(origin, accountId).finally(() => pending.delete(key));
      pending.set(key, loading);
    }
    return loading;
  }

  return { get };
}
