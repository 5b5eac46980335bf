import type { Context } from '../../context.ts';
import { crashPoint } from '../../crash-point.ts';
import { readDueLanes, type LaneKind } from '../outbox/backlog.ts';
import { claim, type ClaimedDelivery } from '../outbox/claim.ts';
import type { Release } from '../outbox/release.ts';
import type { PlannedClaim } from './claim-plan.ts';
import type { Endpoint } from './endpoint/endpoint.ts';
import type { EndpointScheduler } from './endpoint-scheduler.ts';
import { LEASE_MS } from './leases.ts';

/**
 * The most deliveries claimed and not under way, including those that wait to be recorded. One
 * account may hold half.
 */
const MAX_WAITING = 1500;
const CLAIM_BATCH = 500;
/**
 * The interval of the poll. With notifications it finds only retries that fall due and what a lost
 * notification left; without, it finds everything.
 */
const POLL_MS = 500;
/** The shortest wait: a retry that falls due sooner is claimed together with the next ones. */
const MIN_POLL_MS = 5;
const ALL_KINDS: readonly LaneKind[] = ['urgent', 'retries', 'fresh'];

export interface ClaimLoopOptions {
  context: Pick<Context, 'db' | 'log' | 'notifications'>;
  scheduler: EndpointScheduler;
  /** How many claimed deliveries wait to be sent or recorded. */
  waiting: () => number;
  /** Deliveries were claimed, by a statement that began at `asked` on performance.now's clock. */
  claimed: (deliveries: ClaimedDelivery[], asked: number) => void;
  /** Deliveries wait at the endpoint. */
  offer: (endpoint: Endpoint) => void;
  release: (releases: Release[]) => void;
  /** The database has answered. */
  progress: () => void;
}

/** Claims deliveries ahead of sending: what notifications name, and what polling finds. */
export class ClaimLoop {
  readonly #options: ClaimLoopOptions;
  #claiming = false;
  #stopping = false;
  /** Whether it has seen what waits in the outbox. */
  #looked = false;
  #poll: NodeJS.Timeout | undefined;
  #unsubscribe = () => {};

  constructor(options: ClaimLoopOptions) {
    this.#options = options;
  }

  get busy(): boolean {
    return this.#claiming;
  }

  /** Whether one more delivery may be taken, from the outbox or straight from a transaction. */
  get accepts(): boolean {
    return this.#looked && !this.#stopping && MAX_WAITING - this.#options.waiting() > MAX_WAITING / 2;
  }

  start(): void {
    const { context, scheduler } = this.#options;
    this.#unsubscribe = context.notifications.subscribe(
      (notification) => {
        if (notification.type !== 'outbox') return;
        scheduler.wake(notification, notification.kind === undefined ? ALL_KINDS : [notification.kind]);
        void this.claimDue();
      },
      () => void this.#pollDue(),
    );
    void this.#pollDue();
  }

  stop(): void {
    this.#stopping = true;
    this.#unsubscribe();
    clearTimeout(this.#poll);
  }

  /**
   * Claims what is due until nothing more is, or enough is held. One call at a time does the work.
   */
  async claimDue(): Promise<void> {
    if (this.#claiming || this.#stopping) return;
    this.#claiming = true;
    const { context, claimed, progress } = this.#options;
    try {
      for (let plans = this.#plan(); plans.length > 0 && !this.#stopping; plans = this.#plan()) {
        const asked = performance.now();
        const deliveries = await claim(context.db, plans, LEASE_MS);
        if (deliveries.length > 0) crashPoint('delivery.claimed');
        claimed(deliveries, asked);
        progress();
        this.#distribute(plans, deliveries);
      }
    } catch (error) {
      context.log.warn({ err: error }, 'failed to claim deliveries, will try again');
    } finally {
      this.#claiming = false;
      this.#options.scheduler.endClaims();
    }
  }

  #distribute(plans: PlannedClaim[], deliveries: ClaimedDelivery[]): void {
    const { scheduler, offer, release } = this.#options;
    release(scheduler.distribute(plans, deliveries, performance.now()));
    if (this.#stopping) return release(scheduler.takeBack().map((delivery) => ({ delivery, deferMs: 0 })));
    for (const target of new Set(plans.map((plan) => plan.target))) offer(target);
  }

  /**
   * Claims are large, because part of a statement's cost does not depend on how many rows it takes.
   */
  #plan(): PlannedClaim[] {
    const room = MAX_WAITING - this.#options.waiting();
    if (room < MAX_WAITING / 2) return [];
    const budget = { total: Math.min(CLAIM_BATCH, room), perAccount: MAX_WAITING / 2 };
    return this.#options.scheduler.plan(performance.now(), budget);
  }

  /** Finds what is due, then sleeps until the next delivery falls due, POLL_MS at most. */
  async #pollDue(): Promise<void> {
    if (this.#stopping) return;
    clearTimeout(this.#poll);
    const { context, scheduler, progress } = this.#options;
    let wait = POLL_MS;
    try {
      for (const lanes of await readDueLanes(context.db)) {
        if (lanes.due_in_ms <= 0) scheduler.wake(lanes, [lanes.kind]);
        else wait = Math.min(wait, Math.max(MIN_POLL_MS, lanes.due_in_ms));
      }
      progress();
      this.#looked = true;
      scheduler.forgetIdle();
      void this.claimDue();
    } catch (error) {
      context.log.warn({ err: error }, 'failed to read the outbox, will try again');
    }
    if (!this.#stopping) this.#poll = setTimeout(() => void this.#pollDue(), wait);
  }
}
