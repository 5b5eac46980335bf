import { sql } from 'kysely';
import type { DbOrTx } from '../database/tables.ts';

export const WINDOW_SECONDS = 60;
/** Tokens taken from the database at once are at most this part of the limit, and of what is left … */
const LEASE_SHARE = 60;
const LEFT_SHARE = 4;
/** … and go stale, so that what one process took and did not use is not missing for long. */
const LEASE_MS = 5000;
const KEPT = 10_000;

export interface Verdict {
  allowed: boolean;
  /** Requests that are left, as far as this process knows. */
  remaining: number;
  /** Seconds until the whole quota is there again. */
  resetSeconds: number;
  /** Seconds until the next request is allowed; 0 when this one is. */
  retryAfterSeconds: number;
}

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

/**
 * Token buckets in the database, one an account: `limit` requests at once, and as many a minute for good. A process takes tokens in
 * small leases, so that most requests cost no statement; all processes together never allow more than the bucket has.
 */
export class RateLimiter {
  readonly limit: number;
  readonly #db: DbOrTx;
  readonly #leases = new Map<string, Lease>();

  constructor(db: DbOrTx, limit: number) {
    this.#db = db;
    this.limit = limit;
  }

  /** Takes one token, or says how long there will be none. */
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
      if (this.#leases.size >= KEPT) this.#forgetStale();
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
    const { taken, full_in } = await takeTokens(
      this.#db,
      accountId,
      this.limit,
      Math.ceil(this.limit / LEASE_SHARE),
    );
    const now = performance.now();
    const secondsEach = WINDOW_SECONDS / this.limit;
    lease.tokens = taken;
    lease.staleAt = now + LEASE_MS;
    lease.fullAt = now + full_in * 1000;
    lease.left = Math.max(0, Math.floor((WINDOW_SECONDS - full_in) / secondsEach + ROUNDING));
    if (taken === 0) lease.refusedUntil = now + Math.max(0, full_in + secondsEach - WINDOW_SECONDS) * 1000;
  }

  #forgetStale(): void {
    const now = performance.now();
    for (const [accountId, lease] of this.#leases) {
      if (lease.staleAt < now && lease.refusedUntil < now && lease.refill === null)
        this.#leases.delete(accountId);
    }
  }
}

/** Times have microseconds: a token that is whole but for those counts as whole. */
const ROUNDING = 0.01;

/** Takes up to `wanted` tokens in one statement, fewer when few are left. `full_in`: seconds until the bucket is full again. */
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
