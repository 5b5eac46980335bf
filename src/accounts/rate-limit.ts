import { sql } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { DbOrTx } from '../database/tables.ts';
import type { Limiter, Verdict } from '../http/access/rate-limit.ts';

const WINDOW_SECONDS = 60;
/** A lease is at most 1/60 of the limit, and at most a quarter of what is left in the bucket. */
const LEASE_SHARE = 60;
const LEFT_SHARE = 4;
/** A lease expires, so that tokens that a process took and did not use return soon. */
const LEASE_MS = 5000;
const MAX_LEASES = 10_000;

interface Lease {
  tokens: number;
  /** Times of `performance.now()`. */
  staleAt: number;
  fullAt: number;
  refusedUntil: number;
  /** Left in the database when the lease was taken. */
  left: number;
  refill: Promise<void> | null;
}

/** The limiter of requests for each account; null where the limit is 0, which means none. */
export function createRateLimiter(db: DbOrTx, limitPerMinute: number): Limiter | null {
  return limitPerMinute === 0 ? null : new RateLimiter(db, limitPerMinute);
}

/**
 * Each account has a token bucket of `limit` requests in the database, which refills evenly over a
 * minute. A process takes tokens in small leases, so that most requests cost no statement. All
 * processes together never allow more than the bucket has.
 */
class RateLimiter implements Limiter {
  readonly limit: number;
  readonly windowSeconds = WINDOW_SECONDS;
  readonly #db: DbOrTx;
  readonly #leases = new LRUCache<string, Lease>({ max: MAX_LEASES });

  constructor(db: DbOrTx, limit: number) {
    this.#db = db;
    this.limit = limit;
  }

  /** Takes one token, or returns how long to wait for one. */
  async take(accountId: string): Promise<Verdict> {
    const lease = this.#leaseOf(accountId);
    for (;;) {
      const now = performance.now();
      if (lease.tokens > 0 && now < lease.staleAt) {
        lease.tokens--;
        return this.#verdict(lease, now, true);
      }
      if (now < lease.refusedUntil) return this.#verdict(lease, now, false);
      await (lease.refill ??= this.#refill(accountId, lease).finally(() => (lease.refill = null)));
    }
  }

  #leaseOf(accountId: string): Lease {
    let lease = this.#leases.get(accountId);
    if (!lease) {
      lease = { tokens: 0, staleAt: 0, fullAt: 0, refusedUntil: 0, left: 0, refill: null };
      this.#leases.set(accountId, lease);
    }
    return lease;
  }

  #verdict(lease: Lease, now: number, allowed: boolean): Verdict {
    return {
      allowed,
      remaining: allowed ? lease.left + lease.tokens : 0,
      resetSeconds: Math.max(0, Math.ceil((lease.fullAt - now) / 1000)),
      retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil((lease.refusedUntil - now) / 1000)),
    };
  }

  async #refill(accountId: string, lease: Lease): Promise<void> {
    const wanted = Math.ceil(this.limit / LEASE_SHARE);
    const { taken, full_in } = await takeTokens(this.#db, accountId, this.limit, wanted);
    const now = performance.now();
    const secondsEach = WINDOW_SECONDS / this.limit;
    lease.tokens = taken;
    lease.staleAt = now + LEASE_MS;
    lease.fullAt = now + full_in * 1000;
    lease.left = Math.max(0, Math.floor((WINDOW_SECONDS - full_in) / secondsEach + ROUNDING));
    if (taken === 0) lease.refusedUntil = now + Math.max(0, full_in + secondsEach - WINDOW_SECONDS) * 1000;
  }
}

/** Times have microseconds: a token that lacks only a few of them counts as whole. */
const ROUNDING = 0.01;

/**
 * Takes up to `wanted` tokens in one statement, fewer when few are left. `full_in`: seconds until
 * the bucket is full again.
 */
async function takeTokens(
  db: DbOrTx,
  accountId: string,
  limit: number,
  wanted: number,
): Promise<{ taken: number; full_in: number }> {
  const each = WINDOW_SECONDS / limit;
  const owed = sql`extract(epoch from greatest(b.full_at, now()) - now())::float8`;
  const left = sql`floor((${WINDOW_SECONDS}::float8 - ${owed}) / ${each}::float8 + ${ROUNDING}::float8)`;
  const taken = sql`greatest(0, least(${wanted}::float8, ceil(${left} / ${LEFT_SHARE}::float8)))::int`;
  const { rows } = await sql<{ taken: number; full_in: number }>`
    insert into rate_buckets as b (account_id, full_at, taken)
    values (${accountId}, now() + ${wanted * each}::float8 * interval '1 s', ${wanted}::int)
    on conflict (account_id) do update
      set full_at = greatest(b.full_at, now()) + ${taken} * ${each}::float8 * interval '1 s', taken = ${taken}
    returning taken, extract(epoch from full_at - now())::float8 as full_in`.execute(db);
  return rows[0]!;
}
