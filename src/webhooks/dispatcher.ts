import { setTimeout as sleep } from 'node:timers/promises';
import type { SecretBox } from '../accounts/secrets.ts';
import type { Context } from '../context.ts';
import { crashPoint } from '../crash-point.ts';
import { backlog, claim, type Claimed } from './claim.ts';
import { Endpoint, type AccountLoad } from './endpoint.ts';
import { noteRest } from './endpoints.ts';
import { LEASE_MS, Leases } from './leases.ts';
import { record, type Finished, type Outcome } from './record.ts';
import { retryDelay } from './retry.ts';
import { Slots } from './slots.ts';
import { attempt, type Sender } from './send.ts';

/** Deliveries claimed and waiting for a place, or for being recorded. */
const MAX_WAITING = 1500;
/** Requests under way at once; and of one account, so that its hanging receivers never take all places. */
const MAX_IN_FLIGHT = 512;
const MAX_IN_FLIGHT_OF_ACCOUNT = 128;
const CLAIM_BATCH = 500;
const RECORD_BATCH = 500;
/** Results gather so long before they are recorded: each statement has costs that do not depend on how many it takes. */
const RECORD_GATHER_MS = 15;
const LARGE_SLOTS = 4;
/** Behind NOTIFY this only finds retries that fall due and what a lost notification left; without it, it is all there is. */
const POLL_MS = 500;

/**
 * Turns due deliveries into signed POSTs, as a pipeline: claiming runs ahead of sending, results are recorded in batches, and all
 * three are bounded. Several dispatchers may share a database.
 */
export class Dispatcher {
  readonly #context: Context;
  readonly #sender: Sender;
  readonly #leases: Leases;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #accounts = new Map<string, AccountLoad>();
  /** Endpoints with claimed deliveries that wait for a place. */
  readonly #ready = new Set<Endpoint>();
  /** Endpoints that may have something due, the longest unserved first. */
  readonly #hot = new Set<Endpoint>();
  #finished: Finished[] = [];
  #held = 0;
  #inFlight = 0;
  #claiming = false;
  #recording = false;
  #stopping = false;
  /** Too late to record: what still ends is not told. */
  #abandoned = false;
  #poll: NodeJS.Timeout | undefined;
  #unsubscribe = () => {};
  #lastProgress = performance.now();
  #drained: (() => void) | null = null;

  constructor(context: Context, box: SecretBox) {
    this.#context = context;
    const { db, egress, config, log } = context;
    this.#leases = new Leases(db, log);
    this.#sender = { db, egress, config, box, log, largeSlots: new Slots(LARGE_SLOTS) };
  }

  start(): void {
    this.#leases.start();
    this.#unsubscribe = this.#context.notifications.subscribe(
      (n) => {
        if (n.type === 'outbox') this.#wake(n.account_id, n.endpoint);
      },
      () => void this.#lookAround(),
    );
    void this.#lookAround();
  }

  /** Whether claims have gone through lately. */
  get healthy(): boolean {
    return !this.#stopping && performance.now() - this.#lastProgress < 30_000;
  }

  /**
   * Stops claiming and resolves when all that was under way is recorded, `limitMs` later at the latest. What was claimed and not begun,
   * or not recorded by then, falls due again when its lease ends.
   */
  async stop(limitMs: number): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe();
    clearTimeout(this.#poll);
    for (const endpoint of this.#endpoints.values()) {
      for (const { delivery } of endpoint.ahead.splice(0)) {
        this.#leases.release(delivery);
        this.#held--;
      }
    }
    if (this.#held > 0 || this.#claiming || this.#recording) {
      const drained = new Promise<void>((resolve) => (this.#drained = resolve));
      await Promise.race([drained, new Promise((late) => setTimeout(late, limitMs).unref())]);
    }
    this.#abandoned = true;
    this.#leases.stop();
  }

  #wake(accountId: string, endpoint: string): void {
    const key = `${accountId} ${endpoint}`;
    let known = this.#endpoints.get(key);
    if (!known) this.#endpoints.set(key, (known = new Endpoint(accountId, endpoint, this.#accountOf(accountId))));
    this.#hot.add(known);
    void this.#claim();
  }

  #accountOf(accountId: string): AccountLoad {
    let load = this.#accounts.get(accountId);
    if (!load) this.#accounts.set(accountId, (load = { ahead: 0, inFlight: 0 }));
    return load;
  }

  /** Finds every endpoint with something due, then sleeps until the next falls due, POLL_MS at most. */
  async #lookAround(): Promise<void> {
    if (this.#stopping) return;
    clearTimeout(this.#poll);
    let wait = POLL_MS;
    try {
      for (const { account_id, endpoint, due_in_ms } of await backlog(this.#context.db)) {
        if (due_in_ms <= 0) this.#wake(account_id, endpoint);
        else wait = Math.min(wait, Math.max(5, due_in_ms));
      }
      this.#lastProgress = performance.now();
      this.#forgetIdle();
    } catch (error) {
      this.#context.log.warn({ err: error }, 'the outbox could not be read; trying again');
    }
    if (!this.#stopping) this.#poll = setTimeout(() => void this.#lookAround(), wait);
  }

  /** Claims for the hot endpoints in turn until nothing is due or enough is held. One at a time. */
  async #claim(): Promise<void> {
    if (this.#claiming) return;
    this.#claiming = true;
    try {
      while (!this.#stopping) {
        const wants = this.#wants();
        if (wants.length === 0) break;
        // A notification that arrives while the claim runs makes its endpoint hot again.
        for (const { endpoint } of wants) this.#hot.delete(endpoint);
        const asked = performance.now();
        const claimed = await claim(
          this.#context.db,
          wants.map((w) => w.want),
          LEASE_MS,
        );
        if (claimed.length > 0) crashPoint('delivery.claimed');
        if (this.#stopping) return; // they fall due again when their lease ends
        this.#leases.hold(claimed, asked);
        this.#lastProgress = performance.now();
        this.#take(wants, claimed);
      }
    } catch (error) {
      this.#context.log.warn({ err: error }, 'deliveries could not be claimed; trying again');
    } finally {
      this.#claiming = false;
      this.#checkDrained();
    }
  }

  #wants() {
    // In large helpings: a claim has costs that do not depend on how many it takes.
    const waiting = this.#held - this.#inFlight;
    if (waiting > MAX_WAITING / 2) return [];
    const now = performance.now();
    let room = Math.min(CLAIM_BATCH, MAX_WAITING - waiting);
    const wants = [];
    const asked = new Map<AccountLoad, number>();
    for (const endpoint of this.#hot) {
      if (room <= 0) break;
      const want = endpoint.want(now);
      const ofAccount = endpoint.account.ahead + (asked.get(endpoint.account) ?? 0);
      want.count = Math.min(want.count, room, MAX_WAITING / 2 - ofAccount);
      if (want.count <= 0) continue;
      asked.set(endpoint.account, ofAccount - endpoint.account.ahead + want.count);
      room -= want.count;
      wants.push({ endpoint, want });
    }
    return wants;
  }

  #take(wants: { endpoint: Endpoint; want: { count: number } }[], claimed: Claimed[]): void {
    const byKey = new Map<string, Claimed[]>();
    for (const c of claimed) {
      const key = `${c.account_id} ${c.endpoint}`;
      const list = byKey.get(key);
      if (list) list.push(c);
      else byKey.set(key, [c]);
    }
    for (const { endpoint, want } of wants) {
      const got = byKey.get(`${endpoint.account_id} ${endpoint.endpoint}`) ?? [];
      const claimedAt = performance.now();
      for (const delivery of got) endpoint.ahead.push({ delivery, claimedAt });
      endpoint.account.ahead += got.length;
      this.#held += got.length;
      // As many as wanted: there may be more.
      if (got.length === want.count) this.#hot.add(endpoint);
      this.#pump(endpoint);
    }
  }

  #pump(endpoint: Endpoint): void {
    while (this.#hasPlace(endpoint) && endpoint.canSend() && !this.#stopping) {
      const { delivery, claimedAt } = endpoint.ahead.shift()!;
      endpoint.account.ahead--;
      if (!this.#leases.holds(delivery)) {
        this.#leases.release(delivery);
        this.#held--; // somebody else's by now, or soon
        continue;
      }
      endpoint.inFlight++;
      endpoint.account.inFlight++;
      this.#inFlight++;
      void this.#send(endpoint, delivery, claimedAt);
    }
    if (endpoint.ahead.length > 0) this.#ready.add(endpoint);
    else this.#ready.delete(endpoint);
  }

  #hasPlace({ account }: Endpoint): boolean {
    return this.#inFlight < MAX_IN_FLIGHT && account.inFlight < MAX_IN_FLIGHT_OF_ACCOUNT;
  }

  /** Gives a place that became free to whoever waits for one, in turn. */
  #pumpNext(last: Endpoint): void {
    this.#ready.delete(last);
    if (last.ahead.length > 0) this.#ready.add(last);
    for (const endpoint of this.#ready) {
      if (this.#inFlight >= MAX_IN_FLIGHT) return;
      this.#pump(endpoint);
    }
  }

  async #send(endpoint: Endpoint, claimed: Claimed, claimedAt: number): Promise<void> {
    const result = await attempt(this.#sender, claimed, claimedAt);
    if (this.#abandoned) return;
    const finished = { claimed, result, outcome: this.#outcome(claimed, result) };
    endpoint.inFlight--;
    endpoint.account.inFlight--;
    this.#inFlight--;
    if (endpoint.settle(finished, performance.now())) this.#tellRest(endpoint);
    this.#finished.push(finished);
    void this.#record();
    this.#pumpNext(endpoint);
  }

  /** For its owner to see; the breaker itself does not depend on it. */
  #tellRest(endpoint: Endpoint): void {
    const { ms, failures } = endpoint.rest(performance.now());
    const { account_id, endpoint: name } = endpoint;
    this.#context.log.info(
      { account_id, endpoint: name, rest_ms: Math.round(ms), failures },
      ms > 0 ? 'endpoint rests' : 'endpoint answers again',
    );
    noteRest(this.#context.db, account_id, name, ms, failures).catch((error: unknown) =>
      this.#context.log.warn({ err: error }, 'could not note that an endpoint rests'),
    );
  }

  #outcome(claimed: Claimed, result: Finished['result']): Outcome {
    if (result.error === null) return { state: 'delivered' };
    const delay = retryDelay(this.#context.config.webhookRetrySchedule, claimed.schedule_step + 1, result.retry_after);
    return delay === null ? { state: 'exhausted' } : { state: 'retry', delay };
  }

  /** Records what has finished, in batches, one at a time: the next batch gathers while this one is written. */
  async #record(): Promise<void> {
    if (this.#recording) return;
    this.#recording = true;
    if (this.#inFlight > 0) await sleep(RECORD_GATHER_MS);
    while (this.#finished.length > 0) {
      const batch = this.#finished.splice(0, RECORD_BATCH);
      await this.#recordUntilStored(batch);
      this.#held -= batch.length;
      for (const { claimed, result } of batch) {
        this.#leases.release(claimed);
        this.#context.log.debug(
          {
            request_id: claimed.request_id,
            delivery_id: claimed.id,
            job_id: claimed.job_id,
            attempt: claimed.attempts,
            status: result.status,
            error: result.error,
          },
          'attempt recorded',
        );
      }
      void this.#claim();
    }
    this.#recording = false;
    this.#checkDrained();
  }

  /** The receiver has seen these requests: their outcome is kept until the database takes it. The fence settles who was late. */
  async #recordUntilStored(batch: Finished[]): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        await record(this.#context.db, batch);
        this.#lastProgress = performance.now();
        return;
      } catch (error) {
        this.#context.log.warn(
          { err: error, attempts: batch.length },
          'finished attempts could not be recorded; trying again',
        );
        if (this.#stopping && tries >= 5) return;
        await sleep(Math.min(1000, 50 * 2 ** tries));
      }
    }
  }

  #forgetIdle(): void {
    if (this.#endpoints.size < 10_000) return;
    for (const [key, endpoint] of this.#endpoints) {
      if (endpoint.idle && !this.#hot.has(endpoint)) this.#endpoints.delete(key);
    }
  }

  #checkDrained(): void {
    if (this.#stopping && this.#held <= 0 && !this.#claiming && !this.#recording) this.#drained?.();
  }
}
