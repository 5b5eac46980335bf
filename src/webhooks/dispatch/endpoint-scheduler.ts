import type { LaneKind } from '../outbox/backlog.ts';
import type { Destination } from '../direct/reservation.ts';
import { endpointOf } from '../outbox/append.ts';
import type { ClaimedDelivery } from '../outbox/claim.ts';
import type { Release } from '../outbox/release.ts';
import { planClaims, type PlannedClaim } from './claim-plan.ts';
import type { AccountLoad } from './endpoint/account-load.ts';
import { Endpoint } from './endpoint/endpoint.ts';
import { TrialBudget } from './endpoint/trial-budget.ts';

/** The most endpoints to remember before idle ones are forgotten. */
const MAX_ENDPOINTS = 10_000;

/**
 * The least part of a claim that an endpoint is offered; parts are equal. One more endpoint costs
 * as much as two rows.
 */
const LEAST_SHARE = 16;

/**
 * How many deliveries a claim may take: in all, and of one account together with what it already
 * holds.
 */
export interface ClaimBudget {
  total: number;
  perAccount: number;
}

/** The endpoints that a dispatcher knows, and which of them may have something due. */
export class EndpointScheduler {
  readonly #maxConcurrency: number;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #accounts = new Map<string, AccountLoad>();
  /** By account and host name. */
  readonly #budgets = new Map<string, TrialBudget>();
  /** Which lanes may have something due; the longest unserved endpoint first. */
  readonly #due = new Map<Endpoint, Set<LaneKind>>();
  /** The endpoints from which the claim under way takes. */
  #claiming: ReadonlySet<Endpoint> = new Set();

  /** `maxConcurrency`: the most requests under way to one endpoint. */
  constructor(maxConcurrency: number) {
    this.#maxConcurrency = maxConcurrency;
  }

  /** Notes that something may be due in these lanes of the endpoint. */
  wake(
    { account_id, endpoint }: Pick<Endpoint, 'account_id' | 'endpoint'>,
    kinds: readonly LaneKind[],
  ): void {
    const known = this.#endpoint(account_id, endpoint);
    let due = this.#due.get(known);
    if (!due) this.#due.set(known, (due = new Set()));
    for (const kind of kinds) due.add(kind);
  }

  /**
   * What to claim next, shared among the endpoints with something due. Their lanes no longer count
   * as due: a notification that arrives while the claim runs makes them so again.
   */
  plan(now: number, { total, perAccount }: ClaimBudget): PlannedClaim[] {
    const share = this.#share(now, total, perAccount);
    const plans: PlannedClaim[] = [];
    const planned = new Map<AccountLoad, number>();
    let left = total;
    for (const [endpoint, kinds] of this.#due) {
      if (left <= 0) break;
      const { account } = endpoint;
      if (account.restUntil > now) continue;
      const already = planned.get(account) ?? 0;
      const most = Math.min(share, left, perAccount - account.waiting - already);
      const claims = planClaims(endpoint, kinds, now, most);
      for (const { kind } of claims) kinds.delete(kind);
      if (kinds.size === 0) this.#due.delete(endpoint);
      const count = claims.reduce((sum, claim) => sum + claim.count, 0);
      planned.set(account, already + count);
      left -= count;
      plans.push(...claims);
    }
    this.#claiming = new Set(plans.map(({ target }) => target));
    return plans;
  }

  /** Notes that no claim is under way. */
  endClaims(): void {
    this.#claiming = new Set();
  }

  /**
   * The endpoint of a delivery's destination, where nothing is known to be due that is older; else
   * null.
   */
  quiet({ account_id, webhook_url, urgent }: Destination, now: number): Endpoint | null {
    const known = this.#endpoint(account_id, endpointOf(webhook_url));
    const due = this.#due.get(known);
    const isDue = due !== undefined && (!urgent || due.has('urgent'));
    return isDue || this.#claiming.has(known) || known.account.restUntil > now ? null : known;
  }

  /**
   * Hands out what was claimed. Lanes that gave as much as was asked for may have more due. Returns
   * the deliveries to give back, because their URLs back off.
   */
  distribute(plans: PlannedClaim[], claimed: ClaimedDelivery[], claimedAt: number): Release[] {
    const backingOff: Release[] = [];
    const byEndpoint = Map.groupBy(claimed, ({ account_id, endpoint }) => `${account_id} ${endpoint}`);
    for (const plan of plans) {
      const ofEndpoint = byEndpoint.get(`${plan.account_id} ${plan.endpoint}`) ?? [];
      const got = ofEndpoint.filter(({ lane }) => plan.first_lane <= lane && lane <= plan.last_lane);
      for (const delivery of got) {
        const deferMs = plan.target.add({ delivery, claimedAt }, claimedAt);
        if (deferMs !== null) backingOff.push({ delivery, deferMs });
      }
      if (plan.isMore(got)) this.wake(plan.target, [plan.kind]);
    }
    return backingOff;
  }

  /** Takes back everything that was claimed and not sent. */
  takeBack(): ClaimedDelivery[] {
    return [...this.#endpoints.values()].flatMap((endpoint) =>
      endpoint.takeBack().map(({ delivery }) => delivery),
    );
  }

  /** The endpoints whose concurrency has changed since the last call. */
  changedConcurrency(): { account_id: string; endpoint: string; concurrency: number }[] {
    const changed = [];
    for (const known of this.#endpoints.values()) {
      const concurrency = known.limitToReport();
      const { account_id, endpoint } = known;
      if (concurrency !== null) changed.push({ account_id, endpoint, concurrency });
    }
    return changed;
  }

  /** Forgets endpoints that have nothing to do, once there are many. */
  forgetIdle(): void {
    if (this.#endpoints.size < MAX_ENDPOINTS) return;
    for (const [key, endpoint] of this.#endpoints) {
      if (endpoint.idle && !this.#due.has(endpoint)) this.#endpoints.delete(key);
    }
    const accounts = new Set([...this.#endpoints.values()].map(({ account }) => account));
    const budgets = new Set([...this.#endpoints.values()].map(({ budget }) => budget));
    for (const [id, account] of this.#accounts) if (!accounts.has(account)) this.#accounts.delete(id);
    for (const [key, budget] of this.#budgets) if (!budgets.has(budget)) this.#budgets.delete(key);
  }

  /**
   * The total divided by the number of endpoints that can take some: others back off, or hold
   * enough.
   */
  #share(now: number, total: number, perAccount: number): number {
    let takers = 0;
    for (const endpoint of this.#due.keys()) {
      const { waiting, restUntil } = endpoint.account;
      if (waiting >= perAccount || restUntil > now || !endpoint.hasCapacity(now)) continue;
      if (++takers * LEAST_SHARE >= total) return LEAST_SHARE;
    }
    return Math.ceil(total / Math.max(1, takers));
  }

  #endpoint(account_id: string, endpoint: string): Endpoint {
    return getOrCreate(
      this.#endpoints,
      `${account_id} ${endpoint}`,
      () =>
        new Endpoint({
          account_id,
          endpoint,
          account: getOrCreate(this.#accounts, account_id, () => ({
            waiting: 0,
            inFlight: 0,
            urgentInFlight: 0,
            restUntil: 0,
          })),
          budget: getOrCreate(
            this.#budgets,
            `${account_id} ${endpoint.replace(/:\d+$/, '')}`,
            () => new TrialBudget(),
          ),
          maxConcurrency: this.#maxConcurrency,
        }),
    );
  }
}

function getOrCreate<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}
