import type { Backlog, Claimed, Want } from '../outbox/claim.ts';
import { Endpoint, type AccountLoad } from './endpoint.ts';

/** Endpoints kept in mind before those with nothing to do are forgotten. */
const KEPT = 10_000;

/** Of a helping each endpoint gets an equal share, and no less than this: asking for one more endpoint costs as much as two rows. */
const LEAST_SHARE = 16;

/** An endpoint and how many of its deliveries are asked for. */
export interface Asked {
  endpoint: Endpoint;
  want: Want;
}

/** The endpoints that a dispatcher knows, and which of them may have something due. */
export class Roster {
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #accounts = new Map<string, AccountLoad>();
  /** The longest unserved first. */
  readonly #hot = new Set<Endpoint>();

  /** Something may be due at the endpoint. */
  wake({ account_id, endpoint }: Pick<Backlog, 'account_id' | 'endpoint'>): void {
    const key = `${account_id} ${endpoint}`;
    let known = this.#endpoints.get(key);
    if (!known)
      this.#endpoints.set(key, (known = new Endpoint(account_id, endpoint, this.#accountOf(account_id))));
    this.#hot.add(known);
  }

  /**
   * What to claim next: up to `room` deliveries, shared among the hot endpoints; of an account no more than make `share` with what it
   * holds ahead. The endpoints asked are no longer hot: a notification that arrives while the claim runs makes its endpoint so again.
   */
  ask(now: number, room: number, share: number): Asked[] {
    const each = this.#shareOf(room, now, share);
    const asked: Asked[] = [];
    const askedOf = new Map<AccountLoad, number>();
    let left = room;
    for (const endpoint of this.#hot) {
      if (left <= 0) break;
      const want = endpoint.want(now);
      const already = askedOf.get(endpoint.account) ?? 0;
      want.count = Math.min(want.count, each, left, share - endpoint.account.ahead - already);
      if (want.count <= 0) continue;
      left -= want.count;
      askedOf.set(endpoint.account, already + want.count);
      asked.push({ endpoint, want });
    }
    for (const { endpoint } of asked) this.#hot.delete(endpoint);
    return asked;
  }

  /** The room divided by those that can take some: others rest, or are full. */
  #shareOf(room: number, now: number, share: number): number {
    let takers = 0;
    for (const endpoint of this.#hot) {
      if (endpoint.account.ahead < share && endpoint.want(now).count > 0) takers++;
      if (takers * LEAST_SHARE >= room) return LEAST_SHARE;
    }
    return Math.ceil(room / Math.max(1, takers));
  }

  /** Hands out what was claimed. Who got as much as was asked for may have more due, and stays hot. */
  distribute(asked: Asked[], claimed: Claimed[], claimedAt: number): void {
    const byEndpoint = Map.groupBy(claimed, (c) => `${c.account_id} ${c.endpoint}`);
    for (const { endpoint, want } of asked) {
      const got = byEndpoint.get(`${want.account_id} ${want.endpoint}`) ?? [];
      for (const delivery of got) endpoint.ahead.push({ delivery, claimedAt });
      endpoint.account.ahead += got.length;
      if (got.length === want.count) this.#hot.add(endpoint);
    }
  }

  /** Takes back everything that was claimed and not begun. */
  takeBack(): Claimed[] {
    const taken: Claimed[] = [];
    for (const endpoint of this.#endpoints.values()) {
      for (const { delivery } of endpoint.ahead.splice(0)) taken.push(delivery);
    }
    for (const account of this.#accounts.values()) account.ahead = 0;
    return taken;
  }

  /** Forgets endpoints that have nothing to do, once there are many. */
  forgetIdle(): void {
    if (this.#endpoints.size < KEPT) return;
    for (const [key, endpoint] of this.#endpoints) {
      if (endpoint.idle && !this.#hot.has(endpoint)) this.#endpoints.delete(key);
    }
    const inUse = new Set([...this.#endpoints.values()].map((endpoint) => endpoint.account));
    for (const [id, account] of this.#accounts) if (!inUse.has(account)) this.#accounts.delete(id);
  }

  #accountOf(id: string): AccountLoad {
    let load = this.#accounts.get(id);
    if (!load) this.#accounts.set(id, (load = { ahead: 0, inFlight: 0 }));
    return load;
  }
}
