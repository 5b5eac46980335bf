import type { SecretBox } from '../../accounts/secrets.ts';
import type { Context } from '../../context.ts';
import { crashPoint } from '../../crash-point.ts';
import type { Destination, DirectDispatch, Room } from '../direct/reservation.ts';
import { recordConcurrency, recordPause } from '../endpoints/endpoints.ts';
import type { ClaimedDelivery } from '../outbox/claim.ts';
import type { AttemptResult, FinishedAttempt } from '../outbox/finished-attempt.ts';
import type { Release } from '../outbox/release.ts';
import { Sender } from '../send/attempt.ts';
import { outcomeOf } from '../send/retry.ts';
import { ClaimLoop } from './claim-loop.ts';
import type { Endpoint } from './endpoint/endpoint.ts';
import type { WaitingDelivery } from './endpoint/webhook-url.ts';
import { EndpointScheduler } from './endpoint-scheduler.ts';
import { Leases } from './leases.ts';
import { logAttempt, logPause } from './log-lines.ts';
import { Recorder } from './recorder.ts';
import { Releaser } from './releaser.ts';
import { Rooms } from './rooms.ts';
import { SendLoop } from './send-loop.ts';

const HEALTHY_MS = 30_000;
const REPORT_MS = 1000;
const DRAIN_POLL_MS = 20;

/**
 * Turns due deliveries into signed POSTs as a pipeline: a claim loop runs ahead of a send loop, and
 * results are recorded in batches. All three are bounded. Several dispatchers may share a database.
 */
export class Dispatcher implements DirectDispatch {
  readonly #context: Context;
  readonly #scheduler: EndpointScheduler;
  readonly #leases: Leases;
  readonly #recorder: Recorder;
  readonly #releaser: Releaser;
  readonly #claimLoop: ClaimLoop;
  readonly #sendLoop: SendLoop;
  readonly #rooms: Rooms;
  #reports: NodeJS.Timeout | undefined;
  #stopping = false;
  /** Whether it is too late to record: attempts that still end are dropped, and fall due again. */
  #abandoned = false;
  #lastProgress = performance.now();

  constructor(context: Context, box: SecretBox) {
    this.#context = context;
    const { db, log, config } = context;
    const sender = new Sender({ ...context, box });
    this.#scheduler = new EndpointScheduler(config.webhookConcurrencyMax);
    this.#leases = new Leases(db, log);
    this.#releaser = new Releaser(db, log);
    this.#recorder = new Recorder({
      db,
      log,
      expectsMore: () => this.#sendLoop.inFlight > 0,
      recorded: (batch) => this.#recorded(batch),
    });
    this.#claimLoop = new ClaimLoop({
      context,
      scheduler: this.#scheduler,
      waiting: () => this.#leases.size - this.#sendLoop.inFlight,
      claimed: (deliveries, asked) => this.#leases.hold(deliveries, asked),
      offer: (endpoint) => this.#sendLoop.pump(endpoint),
      release: (releases) => this.#release(releases),
      progress: () => this.#progress(),
    });
    this.#sendLoop = new SendLoop({
      timeoutMs: config.webhookTimeoutMs,
      attempt: (delivery, claimedAt) => sender.attempt(delivery, claimedAt),
      holds: (delivery) => this.#leases.holds(delivery),
      finished: (endpoint, delivery, result) => this.#finished(endpoint, delivery, result),
      release: (releases) => this.#release(releases),
      unsigned: ({ account_id }, { id }, error) =>
        log.error(
          { account_id, delivery_id: id, err: error },
          'failed to open a webhook secret, will try again',
        ),
      unread: ({ id, job_id }, { cause }) =>
        log.warn({ job_id, delivery_id: id, err: cause }, 'failed to read a body, will try again'),
      unlinked: ({ id, job_id }, error) =>
        log.warn({ job_id, delivery_id: id, err: error }, 'failed to link to pages, will try again'),
    });
    this.#rooms = new Rooms({
      scheduler: this.#scheduler,
      accepts: () => this.#claimLoop.accepts,
      hasPlace: (endpoint) => this.#sendLoop.hasPlace(endpoint),
      handedOver: (endpoint, waiting, asked) => this.#take(endpoint, waiting, asked),
    });
  }

  start(): void {
    this.#leases.start();
    this.#sendLoop.start();
    this.#claimLoop.start();
    this.#reports = setInterval(() => void this.#reportConcurrency(), REPORT_MS);
  }

  room(to: Destination): Room | null {
    return this.#rooms.room(to);
  }

  /** The deliveries that are being sent. */
  get underWay(): number {
    return this.#sendLoop.inFlight;
  }

  /** Whether the database answered lately. */
  get healthy(): boolean {
    return !this.#stopping && performance.now() - this.#lastProgress < HEALTHY_MS;
  }

  /**
   * Stops claiming, gives back what was not begun, and resolves when everything under way is
   * recorded, after `limitMs` at the latest. What is not recorded by then falls due again when its
   * lease ends.
   */
  async stop(limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    this.#stopping = true;
    clearInterval(this.#reports);
    this.#claimLoop.stop();
    this.#sendLoop.stop();
    this.#recorder.stop();
    this.#release(this.#scheduler.takeBack().map((delivery) => ({ delivery, deferMs: 0 })));
    while (this.#busy && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    this.#abandoned = true;
    this.#leases.stop();
  }

  get #busy(): boolean {
    const sending = this.#sendLoop.inFlight > 0 || this.#rooms.open > 0;
    return sending || this.#claimLoop.busy || this.#recorder.busy || this.#releaser.busy;
  }

  #progress(): void {
    this.#lastProgress = performance.now();
  }

  /** Takes in a delivery that was born leased, as if it had been claimed. */
  #take(endpoint: Endpoint, waiting: WaitingDelivery, asked: number): void {
    crashPoint('delivery.handed');
    if (this.#abandoned) return;
    const { delivery } = waiting;
    this.#leases.hold([delivery], asked);
    const deferMs = this.#stopping ? 0 : endpoint.add(waiting, performance.now());
    if (deferMs === null) this.#sendLoop.pump(endpoint);
    else this.#release([{ delivery, deferMs }]);
  }

  #release(releases: Release[]): void {
    for (const { delivery } of releases) this.#leases.release(delivery);
    void this.#releaser.add(releases);
  }

  #finished(endpoint: Endpoint, delivery: ClaimedDelivery, result: AttemptResult): void {
    if (this.#abandoned) return;
    const { webhookRetrySchedule } = this.#context.config;
    const outcome = outcomeOf(result, delivery.schedule_step, webhookRetrySchedule);
    this.#recorder.add({ delivery, result, outcome });
    this.#reportRest(endpoint);
  }

  #recorded(batch: FinishedAttempt[]): void {
    this.#progress();
    for (const attempt of batch) {
      this.#leases.release(attempt.delivery);
      logAttempt(this.#context.log, attempt);
    }
    void this.#claimLoop.claimDue();
  }

  /** For the owner to see; the back-off does not depend on it. */
  #reportRest(endpoint: Endpoint): void {
    const rest = endpoint.restToReport(performance.now());
    if (!rest) return;
    const { db, log } = this.#context;
    logPause(log, endpoint, rest);
    recordPause(db, endpoint, rest).catch((error: unknown) =>
      log.warn({ err: error }, 'failed to record that an endpoint rests'),
    );
  }

  async #reportConcurrency(): Promise<void> {
    const changed = this.#scheduler.changedConcurrency();
    if (changed.length === 0) return;
    const { db, log } = this.#context;
    await recordConcurrency(db, changed).catch((error: unknown) =>
      log.warn({ err: error }, 'failed to record the concurrency of endpoints'),
    );
  }
}
