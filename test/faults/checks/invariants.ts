import { NOW } from '../load.ts';

/** Each query selects the rows that break an invariant. */
const DELIVERIES = `(select account_id, id, job_id, event, created_at from outbox
  union all select account_id, id, job_id, event, created_at from deliveries) d`;

export const JOBS_WITHOUT_KEY = `select from jobs j
  where not exists (select from idempotency_keys k where k.job_id = j.id)`;

export const MISCOUNTED_JOBS = `select from jobs j cross join lateral (
    select count(*) as total,
      count(*) filter (where status = 'ok') as ok,
      count(*) filter (where status = 'failed') as failed,
      count(*) filter (where status = 'skipped') as skipped,
      count(*) filter (where status = 'cancelled') as cancelled
    from pages where account_id = j.account_id and job_id = j.id
  ) p
  where finished_at is not null and (
    (j.total, j.succeeded, j.failed, j.skipped, j.cancelled)
      is distinct from (p.total, p.ok, p.failed, p.skipped, p.cancelled)
    or p.total <> p.ok + p.failed + p.skipped + p.cancelled)`;

/** `now()` is the same for the job's end and its delivery: they share a transaction. */
export const JOBS_WITHOUT_DELIVERY = `select from jobs j
  where webhook_url is not null and finished_at is not null and not exists (
    select from ${DELIVERIES}
    where d.job_id = j.id and d.event = 'job.completed' and d.created_at = j.finished_at)`;

export const DELIVERIES_TOO_MANY = `select from ${DELIVERIES} left join jobs j on j.id = d.job_id
  where j.id is null or j.webhook_url is null or j.finished_at is null
  union all
  select from ${DELIVERIES} where d.event = 'job.completed' group by d.job_id having count(*) > 1`;

/** Except pages whose client no longer waited. */
export const FAILED_PAGES = `select from pages p where status = 'failed'
  and not (error_code = 'deadline_exceeded' and exists (
    select from idempotency_keys k join jobs j on j.id = k.job_id
    where j.id = p.job_id and k.key like '%${NOW}%' and p.settled_at - j.created_at > interval '20 s'))`;

/** Delivered without a successful attempt, or exhausted with one. */
export const ENDED_UNLIKE_ATTEMPTS = `select from deliveries d
  where status in ('delivered', 'exhausted') and (status = 'delivered') <> exists (
    select from attempts a
    where a.account_id = d.account_id and a.delivery_id = d.id and a.error is null and a.status_code = 200)`;

export const ENDED_TWICE = `select from faults.transitions
  where ordinal is null and from_state in ('completed', 'failed', 'cancelled')
  union all
  select from faults.transitions where ordinal is not null and from_state <> 'pending'
  union all
  select from faults.transitions
  where ordinal is null and to_state in ('completed', 'failed', 'cancelled')
  group by job_id having count(*) > 1`;

export const DRIFTING_ACCOUNTS = `select from accounts a
  left join credit_entries e on e.account_id = a.id
  group by a.id having a.credits <> coalesce(sum(e.amount), 0)`;

export const WRONG_COSTS = `select from jobs j
  left join credit_entries e on e.account_id = j.account_id and e.job_id = j.id
  where finished_at is not null
  group by j.account_id, j.id, j.succeeded
  having coalesce(sum(e.amount), 0) <> -j.succeeded
    or count(*) filter (where e.kind = 'reserve') <> 1
    or count(*) filter (where e.kind = 'release') > 1`;
