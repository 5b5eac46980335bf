import type { SecretBox } from '../../accounts/secrets.ts';
import type { Context } from '../../context.ts';
import { crashPoint } from '../../crash-point.ts';
import { backlog, claim, type Claimed } from '../outbox/claim.ts';
import type { Endpoint } from './endpoint.ts';
import { noteRest } from '../endpoints/endpoints.ts';
import { LEASE_MS, Leases } from './leases.ts';
import type { Finished, Outcome } from '../outbox/record.ts';
import { Recorder } from './recorder.ts';
import { Places } from './places.ts';
import { retryDelay } from '../send/retry.ts';
import { Roster, type Asked } from './roster.ts';
import { Slots } from './slots.ts';
import { attempt, type Sender } from '../send/send.ts';

/** Deliveries claimed and waiting for a place, or for being recorded; and half of it for one account. */
const MAX_WAITING = 1500;
/** Of the places for requests those of one account, so that its hanging receivers never take all. */
const SHARE_OF_ACCOUNT = 0.5;
const MAX_IN_FLIGHT_OF_ACCOUNT = 128;
const CLAIM_BATCH = 500;
const LARGE_SLOTS = 4;
/** Behind NOTIFY this only finds retries that fall due and what a lost notification left; without it, it is all there is. */
const POLL_MS = 500;
const HEALTHY_MS = 30_000;

/**
 * Turns due deliveries into signed POSTs, as a pipeline: claiming runs ahead of sending, results are recorded in batches, and all
 * three are bounded. Several dispatchers may share a database.
 */
export class Dispatcher {
  readonly #context: Context;
  readonly #sender: Sender;
  readonly #leases: Leases;
  readonly #recorder: Recorder;
  readonly #roster = new Roster();
  readonly #places = new Places(() => this.#pumpReady());
  /** Endpoints with claimed deliveries that wait for a place. */
  readonly #ready = new Set<Endpoint>();
  /** Claimed and not yet recorded, in all and of those under way. */
  #held = 0;
  #inFlight = 0;
  #claiming = false;
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
    this.#recorder = new Recorder({
      db,
      log,
      more: () => this.#inFlight > 0,
      recorded: (batch) => this.#recorded(batch),
    });
    this.#sender = { db, egress, config, box, log, largeSlots: new Slots(LARGE_SLOTS) };
  }

  start(): void {
    this.#leases.start();
    this.#places.start(() =>
      this.#ready.values().some((endpoint) => endpoint.canSend() && !this.#hasPlace(endpoint)),
    );
    this.#unsubscribe = this.#context.notifications.subscribe(
      (n) => {
        if (n.type !== 'outbox') return;
        this.#roster.wake(n);
        void this.#claim();
      },
      () => void this.#lookAround(),
    );
    void this.#lookAround();
  }

  /** Whether claims have gone through lately. */
  get healthy(): boolean {
    return !this.#stopping && performance.now() - this.#lastProgress < HEALTHY_MS;
  }

  /**
   * Stops claiming and resolves when all that was under way is recorded, `limitMs` later at the latest. What was claimed and not begun,
   * or not recorded by then, falls due again when its lease ends.
   */
  async stop(limitMs: number): Promise<void> {
    this.#stopping = true;
    this.#unsubscribe();
    this.#recorder.stop();
    clearTimeout(this.#poll);
    for (const delivery of this.#roster.takeBack()) this.#letGo(delivery);
    if (!this.#isDrained()) {
      const drained = new Promise<void>((resolve) => (this.#drained = resolve));
      await Promise.race([drained, new Promise((late) => setTimeout(late, limitMs).unref())]);
    }
    this.#abandoned = true;
    this.#places.stop();
    this.#leases.stop();
  }

  /** Finds every endpoint with something due, then sleeps until the next falls due, POLL_MS at most. */
  async #lookAround(): Promise<void> {
    if (this.#stopping) return;
    clearTimeout(this.#poll);
    let wait = POLL_MS;
    try {
      for (const found of await backlog(this.#context.db)) {
        if (found.due_in_ms <= 0) this.#roster.wake(found);
        else wait = Math.min(wait, Math.max(5, found.due_in_ms));
      }
      this.#lastProgress = performance.now();
      this.#roster.forgetIdle();
      void this.#claim();
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
      for (let asked = this.#ask(); asked.length > 0 && !this.#stopping; asked = this.#ask()) {
        const sent = performance.now();
        const claimed = await claim(
          this.#context.db,
          asked.map(({ want }) => want),
          LEASE_MS,
        );
        if (claimed.length > 0) crashPoint('delivery.claimed');
        if (this.#stopping) return; // they fall due again when their lease ends
        this.#leases.hold(claimed, sent);
        this.#lastProgress = performance.now();
        this.#held += claimed.length;
        this.#roster.distribute(asked, claimed, performance.now());
        for (const { endpoint } of asked) this.#pump(endpoint);
      }
    } catch (error) {
      this.#context.log.warn({ err: error }, 'deliveries could not be claimed; trying again');
    } finally {
      this.#claiming = false;
      this.#checkDrained();
    }
  }

  /** In large helpings: a claim has costs that do not depend on how many it takes. */
  #ask(): Asked[] {
    const waiting = this.#held - this.#inFlight;
    if (waiting > MAX_WAITING / 2) return [];
    return this.#roster.ask(performance.now(), Math.min(CLAIM_BATCH, MAX_WAITING - waiting), MAX_WAITING / 2);
  }

  #pump(endpoint: Endpoint): void {
    while (this.#hasPlace(endpoint) && endpoint.canSend() && !this.#stopping) {
      const { delivery, claimedAt } = endpoint.ahead.shift()!;
      endpoint.account.ahead--;
      if (!this.#leases.holds(delivery)) {
        this.#letGo(delivery); // somebody else's by now, or soon
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
    const { limit } = this.#places;
    return (
      this.#inFlight < limit &&
      account.inFlight < Math.min(MAX_IN_FLIGHT_OF_ACCOUNT, limit * SHARE_OF_ACCOUNT)
    );
  }

  /** Gives a place that became free to whoever waits for one, in turn. */
  #pumpNext(last: Endpoint): void {
    this.#ready.delete(last);
    if (last.ahead.length > 0) this.#ready.add(last);
    this.#pumpReady();
  }

  #pumpReady(): void {
    for (const endpoint of this.#ready) {
      if (this.#inFlight >= this.#places.limit) return;
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
    this.#recorder.add(finished);
    this.#pumpNext(endpoint);
  }

  #outcome(claimed: Claimed, result: Finished['result']): Outcome {
    if (result.error === null) return { status: 'delivered' };
    const delay = retryDelay(
      this.#context.config.webhookRetrySchedule,
      claimed.schedule_step + 1,
      result.retry_after,
    );
    return delay === null ? { status: 'exhausted' } : { status: 'retry', delay };
  }

  #recorded(batch: Finished[]): void {
    this.#lastProgress = performance.now();
    const { log } = this.#context;
    const telling = log.isLevelEnabled('debug');
    for (const { claimed, result } of batch) {
      this.#letGo(claimed);
      if (!telling) continue;
      const { request_id, id: delivery_id, job_id, attempts } = claimed;
      const { status_code, error } = result;
      log.debug(
        { request_id, delivery_id, job_id, attempt: attempts, status_code, error },
        'attempt recorded',
      );
    }
    void this.#claim();
    this.#checkDrained();
  }

  #letGo(claimed: Claimed): void {
    this.#leases.release(claimed);
    this.#held--;
  }

  /** For its owner to see; the breaker itself does not depend on it. */
  #tellRest(endpoint: Endpoint): void {
    const { ms, failures } = endpoint.rest(performance.now());
    const { account_id, endpoint: name } = endpoint;
    const { db, log } = this.#context;
    log.info(
      { account_id, endpoint: name, rest_ms: Math.round(ms), failures },
      ms > 0 ? 'endpoint rests' : 'endpoint answers again',
    );
    noteRest(db, account_id, name, ms, failures).catch((error: unknown) =>
      log.warn({ err: error }, 'could not note that an endpoint rests'),
    );
  }

  #isDrained(): boolean {
    return this.#held <= 0 && !this.#claiming && !this.#recorder.busy;
  }

  #checkDrained(): void {
    if (this.#stopping && this.#isDrained()) this.#drained?.();
  }
}
