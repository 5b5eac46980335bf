import { readLedger, type Entry, type Seen } from './ledger.ts';
import type { CrashablePostgres } from '../rig/postgres.ts';
import { timestampOf, verify } from '../rig/receiver.ts';
import {
  DELIVERIES_TOO_MANY,
  DRIFTING_ACCOUNTS,
  ENDED_TWICE,
  ENDED_UNLIKE_ATTEMPTS,
  FAILED_PAGES,
  JOBS_WITHOUT_DELIVERY,
  JOBS_WITHOUT_KEY,
  MISCOUNTED_JOBS,
  WRONG_COSTS,
} from './invariants.ts';

/**
 * What the ledger and the database show together at the end. All but `acknowledged`, `deliveries`
 * and `duplicates` must be 0.
 */
export interface Verdict {
  acknowledged: number;
  /** Acknowledged jobs that are missing or have not ended. */
  lost: number;
  /** Jobs of an idempotency key beyond its first. */
  repeated: number;
  /** Ended jobs whose counts differ from their pages. */
  miscounted: number;
  /** Pages that failed although their site answered. */
  failedPages: number;
  /**
   * Ended jobs with a webhook but no delivery from the same transaction, and surplus deliveries.
   */
  missing: number;
  extra: number;
  /** Deliveries that neither arrived nor are exhausted. */
  undelivered: number;
  /**
   * Attempts with a status the receiver did not send, `delivered` without a 200, and `exhausted`
   * with one.
   */
  misreported: number;
  /**
   * Requests the receiver saw before the database had begun them, or with another attempt's number.
   */
  unrecorded: number;
  /**
   * Deliveries whose requests differ from each other or from the digest, and synchronous answers
   * that differ from the stored page.
   */
  mismatches: number;
  /** Requests with a wrong signature or timestamp. */
  unsigned: number;
  /** Jobs and pages that ended more than once. */
  doubled: number;
  /**
   * Accounts whose balance is not the sum of their ledger, and jobs that did not cost one credit
   * per ok page.
   */
  drift: number;
  deliveries: number;
  /** Requests after an accepted one that nobody asked for. */
  duplicates: number;
}

/**
 * How far a signature's timestamp may be from its arrival: it has whole seconds, and the machine is
 * busy.
 */
const FRESH_MS = 5000;
/** The database and the receiver share a clock, which is read in milliseconds here. */
const ROUNDING_MS = 2;

/** What may separate a request's timestamp from its arrival. */
export interface Disturbance {
  /** How far a process's clock may have been off. */
  clockSteps?: number[];
  /** How long the network may have held a request back. */
  heldMs?: number;
}

/** Judges by the ledger's file and the database alone. */
export async function judge(
  { query }: CrashablePostgres,
  ledgerPath: string,
  { clockSteps = [], heldMs = 0 }: Disturbance = {},
): Promise<Verdict> {
  const entries = readLedger(ledgerPath);
  const count = async (text: string) => Number((await query(`select count(*) as n from (${text}) s`))[0].n);
  const acknowledged = entries.filter((entry) => entry.type === 'acknowledged');
  const answered = entries.filter((entry) => entry.type === 'answered');
  const kept = await keptByKey(query);
  const ended = new Set(
    (await query('select id from jobs where finished_at is not null')).map((row) => row.id),
  );
  const seen = entries.filter((entry) => entry.type === 'seen');
  const byDelivery = Map.groupBy(seen, (s) => s.delivery);
  return {
    acknowledged: acknowledged.length + answered.length,
    lost:
      acknowledged.filter(({ job_id }) => !ended.has(job_id)).length +
      answered.filter(({ key, status }) => status !== 200 || !ended.has(kept.get(key)?.job_id)).length,
    repeated: repeatedKeys(acknowledged) + (await count(JOBS_WITHOUT_KEY)),
    miscounted: await count(MISCOUNTED_JOBS),
    failedPages: await count(FAILED_PAGES),
    missing: await count(JOBS_WITHOUT_DELIVERY),
    extra: await count(DELIVERIES_TOO_MANY),
    undelivered: await count(`select from outbox`),
    misreported: (await misreported(query, seen)) + (await count(ENDED_UNLIKE_ATTEMPTS)),
    unrecorded: await unrecorded(query, seen),
    mismatches:
      (await mismatches(query, byDelivery)) +
      answered.filter(({ key, sha256 }) => (kept.get(key)?.sha256 ?? sha256) !== sha256).length,
    unsigned: await unsigned(query, seen, clockSteps, heldMs),
    doubled: await count(ENDED_TWICE),
    drift: (await count(DRIFTING_ACCOUNTS)) + (await count(WRONG_COSTS)),
    deliveries: await count('select from deliveries'),
    duplicates: await duplicates(query, byDelivery),
  };
}

/** Whether a verdict has no fault. */
export function isClean(verdict: Verdict): boolean {
  if (verdict.acknowledged === 0 || verdict.deliveries === 0) return false;
  return Object.values({ ...verdict, acknowledged: 0, deliveries: 0, duplicates: 0 }).every((n) => n === 0);
}

function repeatedKeys(acknowledged: Extract<Entry, { type: 'acknowledged' }>[]): number {
  const jobs = new Map<string, Set<string>>();
  for (const { key, job_id } of acknowledged) jobs.set(key, (jobs.get(key) ?? new Set()).add(job_id));
  return [...jobs.values()].reduce((sum, ids) => sum + ids.size - 1, 0);
}

type Query = CrashablePostgres['query'];

/** The jobs of idempotency keys, with the page's digest where a job has one page. */
async function keptByKey(query: Query): Promise<Map<string, { job_id: string; sha256: string | null }>> {
  const rows =
    await query(`select k.key, k.job_id, encode(sha256(convert_to(p.fragment, 'UTF8')), 'hex') as sha256
    from idempotency_keys k join jobs j on j.account_id = k.account_id and j.id = k.job_id
      left join pages p on p.account_id = j.account_id and p.job_id = j.id and j.kind = 'scrape'`);
  return new Map(rows.map(({ key, job_id, sha256 }) => [key, { job_id, sha256 }]));
}

async function misreported(query: Query, seen: Seen[]): Promise<number> {
  const answers = new Map(seen.map(({ delivery, attempt, status }) => [`${delivery} ${attempt}`, status]));
  const accepted = new Set(seen.filter(({ status }) => status === 200).map(({ delivery }) => delivery));
  const attempts = await query(
    'select delivery_id, number, status_code from attempts where status_code is not null',
  );
  const delivered = await query(`select id from deliveries where status = 'delivered'`);
  return (
    attempts.filter(
      ({ delivery_id, number, status_code }) => answers.get(`${delivery_id} ${number}`) !== status_code,
    ).length + delivered.filter(({ id }) => !accepted.has(id)).length
  );
}

async function unrecorded(query: Query, seen: Seen[]): Promise<number> {
  const rows = await query(
    `select delivery_id, number, extract(epoch from started_at) * 1000 as started from admin.all_attempts`,
  );
  const begun = new Map(rows.map((row) => [`${row.delivery_id} ${row.number}`, Number(row.started)]));
  const used = new Set<string>();
  return seen.filter(({ delivery, attempt, at }) => {
    const name = `${delivery} ${attempt}`;
    const wrong = used.has(name) || !((begun.get(name) ?? Infinity) <= at + ROUNDING_MS);
    used.add(name);
    return wrong;
  }).length;
}

async function mismatches(query: Query, byDelivery: Map<string, Seen[]>): Promise<number> {
  const rows = await query(`select id, encode(body_sha256, 'hex') as sha256 from deliveries`);
  const recorded = new Map(rows.map((row) => [row.id, row.sha256]));
  return [...byDelivery].filter(
    ([id, requests]) => new Set([recorded.get(id), ...requests.map((request) => request.sha256)]).size > 1,
  ).length;
}

async function unsigned(query: Query, seen: Seen[], clockSteps: number[], heldMs: number): Promise<number> {
  const secrets: string[] = (await query('select webhook_secret, previous_secrets from accounts')).flatMap(
    (row) => [row.webhook_secret, ...row.previous_secrets],
  );
  const isFresh = ({ signature, at }: Seen) =>
    [0, ...clockSteps].some((step) => {
      const age = at - (timestampOf(signature) * 1000 - step);
      return age > -FRESH_MS && age < FRESH_MS + heldMs;
    });
  const isSigned = ({ verified, body, signature }: Seen) =>
    verified || secrets.some((secret) => verify(secret, signature, Buffer.from(body ?? '', 'base64')));
  return seen.filter((request) => !isFresh(request) || !isSigned(request)).length;
}

async function duplicates(query: Query, byDelivery: Map<string, Seen[]>): Promise<number> {
  const rows = await query(
    `select delivery_id, count(*) as n from attempts
    where trigger in ('manual', 'recover') group by delivery_id`,
  );
  const asked = new Map(rows.map((row) => [row.delivery_id, Number(row.n)]));
  let sum = 0;
  for (const [id, requests] of byDelivery) {
    const accepted = requests.filter((request) => request.status === 200).length;
    sum += Math.max(0, accepted - 1 - (asked.get(id) ?? 0));
  }
  return sum;
}
