import { sql } from 'kysely';
import type { DbOrTx } from '../database/tables.ts';
import { EndedDeliveries, readEndedDeliveries } from './ended-deliveries.ts';
import { histogramOf, sum, Tally, type EndedRow } from './tally.ts';
import { proxyMetrics } from './proxies.ts';
import { scheduleMetrics } from './schedules.ts';
import { histogram, metric, type Sample } from './text.ts';

/** What ended within this time is left to the next reading: its transaction may still be open. */
const LAG_SECONDS = 5;
/** Seconds from a job's creation to its end. */
const JOB_EDGES = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200];
/**
 * The bins that are shown, 1 ms to 33 s. Bin n holds attempts of at most 2^(n/2) ms, the last one
 * longer attempts too.
 */
const ATTEMPT_BINS = Array.from({ length: 16 }, (_, n) => n * 2);

const PAGE_STATES = ['ok', 'failed', 'skipped', 'cancelled'] as const;
const PAGE_COUNTS = [...PAGE_STATES, 'blocked'] as const;

interface EndedJobs extends EndedRow, Record<(typeof PAGE_COUNTS)[number], number> {
  kind: string;
  status: string;
}

interface Attempts {
  hour: Date;
  succeeded: number;
  failed: number;
  latency: number[];
}

/**
 * Metrics of the whole installation, whichever process did the work: read from the database, jobs,
 * pages and deliveries counted up from `since`, attempts from the hour before. Every web process
 * reports the same values: take the maximum, not the sum.
 */
export class InstallationMetrics {
  readonly #db: DbOrTx;
  #readUpTo: Date;
  readonly #jobs = new Tally<EndedJobs, (typeof PAGE_COUNTS)[number]>(['kind', 'status'], [...PAGE_COUNTS]);
  readonly #deliveries = new EndedDeliveries();
  /** By hour: its counts only grow. */
  readonly #attempts = new Map<number, Attempts>();

  constructor(db: DbOrTx, since: Date) {
    this.#db = db;
    this.#readUpTo = since;
  }

  /** The metrics as text. */
  async read(): Promise<string> {
    await this.#readEnded();
    for (const attempts of await readAttempts(this.#db))
      this.#attempts.set(attempts.hour.getTime(), attempts);
    return (
      this.#jobMetrics() +
      this.#deliveries.text() +
      this.#attemptMetrics() +
      (await backlogMetrics(this.#db)) +
      (await proxyMetrics(this.#db)) +
      (await scheduleMetrics(this.#db))
    );
  }

  async #readEnded(): Promise<void> {
    const clock = await sql<{ until: Date }>`select now() - ${LAG_SECONDS} * interval '1 s' as until`.execute(
      this.#db,
    );
    const { until } = clock.rows[0]!;
    if (until <= this.#readUpTo) return;
    // Reads both before it counts either: after a failure the next reading begins at the same
    // place.
    const jobs = await readEndedJobs(this.#db, this.#readUpTo, until);
    const deliveries = await readEndedDeliveries(this.#db, this.#readUpTo, until);
    this.#jobs.add(jobs);
    this.#deliveries.add(deliveries);
    this.#readUpTo = until;
  }

  #jobMetrics(): string {
    const { rows: all } = this.#jobs;
    const jobs = [...Map.groupBy(all, (row) => `${row.kind} ${row.status}`).values()].map((rows) => ({
      labels: { kind: rows[0]!.kind, status: rows[0]!.status },
      value: sum(rows, (row) => row.ended),
    }));
    const pages = PAGE_STATES.map((status) => ({
      labels: { status },
      value: sum(all, (row) => row[status]),
    }));
    const durations = [...Map.groupBy(all, (row) => row.kind)].flatMap(([kind, rows]) =>
      histogramOf({ kind }, JOB_EDGES, rows),
    );
    return (
      metric('ollagraph_jobs_ended_total', 'counter', 'Jobs that ended, by kind and status.', jobs) +
      metric('ollagraph_pages_total', 'counter', 'Pages of jobs that ended, by what became of them.', pages) +
      metric(
        'ollagraph_pages_blocked_total',
        'counter',
        'Of these, pages that sites blocked.',
        one(sum(all, (row) => row.blocked)),
      ) +
      metric('ollagraph_job_duration_seconds', 'histogram', "From a job's creation to its end.", durations)
    );
  }

  #attemptMetrics(): string {
    const hours = [...this.#attempts.values()];
    const outcomes = (['succeeded', 'failed'] as const).map((outcome) => ({
      labels: { outcome },
      value: sum(hours, (hour) => hour[outcome]),
    }));
    const total = hours.map((hour) => hour.latency);
    const bins = ATTEMPT_BINS.map((n) => sum(total, (bin) => (bin[n - 1] ?? 0) + (bin[n] ?? 0)));
    const beyond = sum(total, (latency) => sum(latency.slice(ATTEMPT_BINS.at(-1)! + 1), (count) => count));
    const edges = ATTEMPT_BINS.map((n) => 2 ** (n / 2) / 1000);
    return (
      metric('ollagraph_attempts_total', 'counter', 'Attempts to deliver, by outcome.', outcomes) +
      metric(
        'ollagraph_attempt_duration_seconds',
        'histogram',
        'Duration of attempts to deliver; the sum is not kept.',
        histogram({}, [...edges, Infinity], [...bins, beyond], NaN),
      )
    );
  }
}

/** The jobs that ended after `from`, up to `until`. */
async function readEndedJobs(db: DbOrTx, from: Date, until: Date): Promise<EndedJobs[]> {
  const { rows } = await sql<EndedJobs>`
    select kind, status,
      width_bucket(extract(epoch from finished_at - created_at)::float8, ${JOB_EDGES}::float8[]) as bin,
      count(*) as ended, sum(extract(epoch from finished_at - created_at))::float8 as seconds,
      sum(succeeded) as ok, sum(failed) as failed, sum(skipped) as skipped, sum(cancelled) as cancelled,
      sum(blocked) as blocked
    from jobs where finished_at > ${from} and finished_at <= ${until} group by 1, 2, 3`.execute(db);
  return rows;
}

/** The attempts of this hour and of the one before, which dispatchers may still be recording. */
async function readAttempts(db: DbOrTx): Promise<Attempts[]> {
  const { rows } = await sql<Attempts>`
    select hour, sum(succeeded)::bigint as succeeded, sum(failed)::bigint as failed,
      latency_sum(latency)::float8[] as latency
    from endpoint_hours where hour >= date_trunc('hour', now()) - interval '1 hour' group by hour`.execute(
    db,
  );
  return rows;
}

/** What is waiting now. */
async function backlogMetrics(db: DbOrTx): Promise<string> {
  const lanes = await sql<{ lane: string; state: string; slices: number; oldest: number }>`
    select name as lane, state, count(*) as slices,
      extract(epoch from now() - min(greatest(created_on, start_after)))::float8 as oldest
    from ollagraph_queue.job
    where name in ('interactive', 'bulk', 'dead') and state in ('created', 'retry', 'active')
    group by 1, 2`.execute(db);
  const rest = await sql<{ jobs: number; pending: number; due: number; oldest: number; exhausted: number }>`
    select due, oldest_due_seconds::float8 as oldest,
      (select count(*) from jobs where finished_at is null) as jobs,
      (select count(*) from outbox) as pending,
      (select count(*) from deliveries where status = 'exhausted') as exhausted
    from admin.outbox_lag`.execute(db);
  const { jobs, pending, due, oldest, exhausted } = rest.rows[0]!;
  const waiting = lanes.rows.filter(({ state }) => state !== 'active');
  return (
    metric('ollagraph_jobs_open', 'gauge', 'Jobs that have not ended.', one(jobs)) +
    metric(
      'ollagraph_queue_slices',
      'gauge',
      'Entries of the page queue, by lane and state.',
      lanes.rows.map(({ lane, state, slices }) => ({ labels: { lane, state }, value: slices })),
    ) +
    metric(
      'ollagraph_queue_oldest_seconds',
      'gauge',
      'Age of the oldest entry that could be worked on and is not.',
      [...Map.groupBy(waiting, ({ lane }) => lane)].map(([lane, rows]) => ({
        labels: { lane },
        value: Math.max(0, ...rows.map((row) => row.oldest)),
      })),
    ) +
    metric('ollagraph_outbox_deliveries', 'gauge', 'Deliveries that are still to be made.', one(pending)) +
    metric(
      'ollagraph_outbox_due_deliveries',
      'gauge',
      'Those of them that are due and not under way.',
      one(due),
    ) +
    metric(
      'ollagraph_outbox_oldest_due_seconds',
      'gauge',
      'How long the oldest of these has been due.',
      one(oldest),
    ) +
    metric(
      'ollagraph_deliveries_exhausted',
      'gauge',
      'Deliveries that were given up and could be sent again.',
      one(exhausted),
    )
  );
}

const one = (value: number): Sample[] => [{ labels: {}, value }];
