import { ALLOW_ALL, DISALLOW_ALL, ROBOTS_MAX_BYTES, robotsOutcome, type Robots } from './robots.ts';

/** RFC 9309, 2.4: a robots.txt is not used for longer than a day. */
const DAY_MS = 24 * 60 * 60 * 1000;

export interface RobotsCacheOptions {
  /** Fetches a robots.txt, redirects followed (at least five); rejects when there was no answer. */
  fetch: (url: string) => Promise<{ status: number; body: Buffer }>;
  /** How long a robots.txt is used, in milliseconds. At most, and by default, 24 h. */
  ttlMs?: number;
  /** How long an origin whose robots.txt was answered with an error stays disallowed, in milliseconds. Default 5 min. */
  errorTtlMs?: number;
  /** The same where there was no answer: pages are tried again within seconds. Default 5 s. */
  unreachedTtlMs?: number;
  /** Origins kept, default 1,000; the least recently used goes first. */
  maxEntries?: number;
  /** Octets of robots.txt kept in all, default 8 MiB: the rules made of them take several times as much. */
  maxBytes?: number;
  /** Milliseconds on a clock that is never stepped. */
  now?: () => number;
}

export interface RobotsCache {
  /** The rules of the URL's origin. Never rejects for what the origin does: what cannot be reached disallows all. */
  get(originOrUrl: string): Promise<Robots>;
}

interface Entry {
  robots: Robots;
  bytes: number;
  expiresAt: number;
}

/** A bounded memory of robots.txt files. Callers that ask for the same origin at once share one fetch. */
export function createRobotsCache(options: RobotsCacheOptions): RobotsCache {
  const { fetch, errorTtlMs = 5 * 60 * 1000, unreachedTtlMs = 5000 } = options;
  const { maxEntries = 1000, maxBytes = 8 * 1024 * 1024 } = options;
  const now = options.now ?? (() => performance.now());
  const ttlMs = Math.min(options.ttlMs ?? DAY_MS, DAY_MS);
  // A Map iterates in insertion order; every use reinserts, so the first entry is the least recently used.
  const entries = new Map<string, Entry>();
  const pending = new Map<string, Promise<Robots>>();
  let bytesKept = 0;

  function remove(origin: string): void {
    bytesKept -= entries.get(origin)?.bytes ?? 0;
    entries.delete(origin);
  }

  function insert(origin: string, entry: Entry): void {
    remove(origin);
    entries.set(origin, entry);
    bytesKept += entry.bytes;
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries && bytesKept <= maxBytes) break;
      remove(oldest);
    }
  }

  async function load(origin: string): Promise<Robots> {
    const entry = await fetch(`${origin}/robots.txt`).then(entryOf, (unreached: unknown) => ({
      robots: { ...DISALLOW_ALL, unreached },
      bytes: 0,
      ttlMs: unreachedTtlMs,
    }));
    insert(origin, { ...entry, expiresAt: now() + Math.min(entry.ttlMs, ttlMs) });
    return entry.robots;
  }

  function entryOf(answer: { status: number; body: Buffer }): { robots: Robots; bytes: number; ttlMs: number } {
    const robots = robotsOutcome(answer);
    const isParsed = robots !== ALLOW_ALL && robots !== DISALLOW_ALL;
    const bytes = isParsed ? Math.min(answer.body.length, ROBOTS_MAX_BYTES) : 0;
    return { robots, bytes, ttlMs: robots === DISALLOW_ALL ? errorTtlMs : ttlMs };
  }

  async function get(originOrUrl: string): Promise<Robots> {
    const { origin } = new URL(originOrUrl);
    const entry = entries.get(origin);
    if (entry !== undefined && now() < entry.expiresAt) {
      insert(origin, entry);
      return entry.robots;
    }
    let loading = pending.get(origin);
    if (loading === undefined) {
      loading = load(origin).finally(() => pending.delete(origin));
      pending.set(origin, loading);
    }
    return loading;
  }

  return { get };
}
