-- Views and functions for operators, over the tables of the service. The service itself reads
-- all_deliveries and outbox_lag. Grant them to people with the role ollagraph_readonly, which the
-- end of this file makes where the migrating user may.
do $$ begin
  -- An administrator may have made the schema already, for a user without CREATE on the database.
  if to_regnamespace('admin') is null then create schema admin; end if;
end $$;
comment on schema admin is 'Views and functions for operators.';

create view admin.all_deliveries as
select id, account_id, job_id, event, webhook_url, endpoint, 'pending' as status, attempts,
  last_status_code, last_error,
  case when status = 'waiting' then next_attempt_at end as next_attempt_at,
  body_bytes, body_sha256, created_at, null::timestamptz as finished_at
from outbox
union all
select id, account_id, job_id, event, webhook_url, endpoint, status, attempts,
  last_status_code, last_error,
  null,
  body_bytes, body_sha256, created_at, finished_at
from deliveries;
comment on view admin.all_deliveries is
  'Every delivery, pending or ended. Name an account_id and an id or job_id, or add a limit: '
  'it reads all days.';

create view admin.deliveries_recent as
select * from (
  (select created_at, id, account_id, job_id, event, webhook_url, 'pending' as status, attempts,
    last_status_code, last_error, next_attempt_at, null::timestamptz as finished_at, body_bytes
  from outbox)
  union all
  (select created_at, id, account_id, job_id, event, webhook_url, status, attempts,
    last_status_code, last_error, null, finished_at, body_bytes
  from deliveries
  where finished_at > now() - interval '24 hours'
    and id >= id_floor('dlv_', (now() at time zone 'utc')::date - 5))
) d order by id desc;
comment on view admin.deliveries_recent is
  'All pending deliveries, and those of up to five days old that ended in the last 24 hours, newest '
  'first. Add a limit.';

create view admin.deliveries_failing as
select o.created_at, o.id, o.account_id, o.job_id, o.webhook_url, o.attempts,
  o.last_status_code, o.last_error, o.next_attempt_at, now() - o.created_at as age
from outbox o
where o.last_error is not null
order by o.attempts desc, o.created_at;
comment on view admin.deliveries_failing is
  'Pending deliveries whose latest attempt failed, those with the most attempts first.';

create view admin.deliveries_exhausted as
select created_at, finished_at, id, account_id, job_id, webhook_url, attempts, last_status_code, last_error
from deliveries where status = 'exhausted' order by id desc;
comment on view admin.deliveries_exhausted is
  'Deliveries given up after the whole schedule, newest first. admin.redeliver(id) or '
  'admin.recover(since) send them again.';

create view admin.delivery_latency as
select date_trunc('minute', finished_at) as minute, count(*) as delivered,
  round(percentile_cont(0.5) within group (order by seconds)::numeric * 1000) as p50_ms,
  round(percentile_cont(0.95) within group (order by seconds)::numeric * 1000) as p95_ms,
  round(percentile_cont(0.99) within group (order by seconds)::numeric * 1000) as p99_ms
from (
  select finished_at, extract(epoch from finished_at - created_at) as seconds
  from deliveries
  where status = 'delivered' and attempts = 1
    and id >= id_floor('dlv_', (now() at time zone 'utc')::date - 1)
    and created_at > now() - interval '1 hour' and finished_at > now() - interval '1 hour'
) d
group by 1 order by 1 desc;
comment on view admin.delivery_latency is
  'By minute of the last hour: the time from a delivery''s creation to its recorded success, of first '
  'attempts only.';

create view admin.endpoint_health as
select h.account_id, h.endpoint, sum(h.succeeded + h.failed) as attempts,
  round(sum(h.succeeded)::numeric / nullif(sum(h.succeeded + h.failed), 0), 4) as success_rate,
  round(latency_quantile(latency_sum(h.latency), 0.5)::numeric, 1) as p50_ms,
  round(latency_quantile(latency_sum(h.latency), 0.95)::numeric, 1) as p95_ms,
  max(h.last_at) as last_attempt_at, max(e.paused_at) as paused_at,
  max(case when e.resting_until > now() then e.resting_until end) as resting_until
from endpoint_hours h left join endpoints e using (account_id, endpoint)
where h.hour > now() - interval '24 hours'
group by h.account_id, h.endpoint order by success_rate, attempts desc;
comment on view admin.endpoint_health is
  'Endpoints with attempts in the last 24 hours, the worst first. Durations are upper edges of '
  'histogram bins.';

create view admin.retry_backlog as
select account_id, endpoint, count(*) as pending,
  count(*) filter (where next_attempt_at <= now() and status = 'waiting') as due,
  count(*) filter (where status = 'sending') as sending,
  min(created_at) as oldest, min(next_attempt_at) as next_attempt_at, max(attempts) as most_attempts
from outbox
group by account_id, endpoint
order by pending desc;
comment on view admin.retry_backlog is 'The outbox by endpoint, the fullest first.';

create view admin.outbox_lag as
select count(*) as due,
  coalesce(extract(epoch from now() - min(next_attempt_at)), 0)::numeric(12, 3) as oldest_due_seconds
from outbox
where status = 'waiting' and next_attempt_at <= now();
comment on view admin.outbox_lag is
  'How many deliveries are due and not claimed, and the age of the oldest. Near zero while '
  'dispatchers keep up; includes paused and resting endpoints.';

create view admin.stuck_jobs as
select j.id, j.account_id, j.kind, j.status, j.total, j.remaining, j.created_at, now() - j.created_at as age,
  (
    select max(p.settled_at) from pages p where p.account_id = j.account_id and p.job_id = j.id
  ) as last_page_at
from jobs j
where j.finished_at is null and j.created_at < now() - interval '15 minutes'
  and not exists (
    select from pages p
    where p.account_id = j.account_id and p.job_id = j.id
      and p.settled_at > now() - interval '15 minutes'
  )
order by j.created_at;
comment on view admin.stuck_jobs is 'Unfinished jobs none of whose pages has settled in the last 15 minutes.';

create view admin.queue_depth as
select name as lane,
  count(*) filter (where state = 'created') as ready_or_deferred,
  count(*) filter (where state = 'created' and start_after > now()) as deferred,
  count(*) filter (where state = 'retry') as retried,
  count(*) filter (where state = 'active') as active,
  min(created_on) filter (where state in ('created', 'retry')) as oldest
from ollagraph_queue.job
where name in ('interactive', 'bulk', 'dead') and state in ('created', 'retry', 'active')
group by name
order by name;
comment on view admin.queue_depth is
  'Slices in the queue by lane: interactive carries single pages, bulk carries batches and crawls, '
  'dead holds slices that never finished.';

create view admin.crawl_progress as
select id, account_id, options ->> 'url' as url, status, max_pages, total, remaining,
  succeeded, failed, skipped, created_at,
  round(
    (total - remaining)::numeric / greatest(
      1, extract(epoch from coalesce(finished_at, now()) - coalesce(started_at, created_at))
    )::numeric,
    1
  ) as pages_per_second
from jobs
where kind = 'crawl'
  and (finished_at is null or id >= id_floor('job_', (now() at time zone 'utc')::date - 1))
order by id desc;
comment on view admin.crawl_progress is 'Running crawls, and those of today and yesterday.';

create view admin.host_health as
select host, next_allowed_at, case when backoff_until > now() then backoff_until end as backoff_until,
  backoffs, last_status_code, updated_at
from hosts
where updated_at > now() - interval '24 hours'
order by backoff_until desc nulls last, updated_at desc;
comment on view admin.host_health is
  'Scraped hosts that asked for a pause, or that are fetched with a delay.';

create view admin.errors_24h as
select 'page' as what, error_code as error, count(*) as times, max(settled_at) as latest
from pages where error_code is not null and settled_at > now() - interval '24 hours'
  and job_id >= id_floor('job_', (now() at time zone 'utc')::date - 2)
group by error_code
union all
select 'attempt', error, count(*), max(finished_at)
from attempts where error is not null and finished_at > now() - interval '24 hours'
  and delivery_id >= id_floor('dlv_', (now() at time zone 'utc')::date - 5)
group by error
order by times desc;
comment on view admin.errors_24h is
  'Why pages and delivery attempts failed in the last 24 hours (of jobs up to two, and deliveries up '
  'to five days old).';

create view admin.usage_by_account as
select a.id as account_id, a.name, a.plan, a.credits,
  (
    select count(*) from jobs j
    where j.account_id = a.id and j.id >= id_floor('job_', (now() at time zone 'utc')::date - 29)
  ) as jobs_30d,
  (
    select coalesce(sum(j.succeeded - j.unbilled), 0) from jobs j
    where j.account_id = a.id and j.id >= id_floor('job_', (now() at time zone 'utc')::date - 29)
  ) as credits_30d
from accounts a
order by credits_30d desc;
comment on view admin.usage_by_account is
  'Each account, its credits, and its jobs and pages of the last 30 days.';

create view admin.table_sizes as
select case c.relnamespace when 'ollagraph_queue'::regnamespace then 'ollagraph_queue.' else '' end
    || coalesce(parent.relname, c.relname) as "table",
  count(*) as partitions, sum(greatest(c.reltuples, 0))::bigint as rows_estimate,
  pg_size_pretty(sum(pg_total_relation_size(c.oid))) as size, sum(pg_total_relation_size(c.oid)) as bytes
from pg_class c
left join pg_inherits i on i.inhrelid = c.oid
left join pg_class parent on parent.oid = i.inhparent
where c.relkind = 'r'
  and c.relnamespace in (
    'ollagraph_queue'::regnamespace,
    (select relnamespace from pg_class where oid = 'jobs'::regclass)
  )
group by 1 order by bytes desc;
comment on view admin.table_sizes is
  'Tables with their indexes and large values; the partitions of a table are added up.';

-- Sends one delivery again, pending or ended; its retry schedule restarts. Returns whether there is
-- one with that id. The functions keep the search path of the migration, since operators may have
-- another.
create function admin.redeliver(delivery_id text) returns boolean
language plpgsql set search_path from current as $$
declare
  target record;
begin
  -- The primary key begins with the account: without it, the whole day would be read.
  with back as (
    delete from deliveries
    where account_id = any (array(select a.id from accounts a)) and id = delivery_id
    returning *
  )
  insert into outbox (
    account_id, id, job_id, event, webhook_url, endpoint, webhook_id,
    head, tail, whole_job, page_ordinals, headers, body_bytes, body_sha256,
    attempts, fence, last_status_code, last_error, created_at, request_id, traceparent, trigger
  )
  select account_id, id, job_id, event, webhook_url, endpoint, webhook_id,
    head, tail, whole_job, page_ordinals, headers, body_bytes, body_sha256,
    attempts, fence, last_status_code, last_error, created_at, request_id, traceparent, 'manual'
  from back;
  update outbox set next_attempt_at = now(), schedule_step = 0, trigger = 'manual'
  where id = delivery_id and status = 'waiting';
  select account_id, endpoint into target from outbox where id = delivery_id;
  if not found then return false; end if;
  perform pg_notify('ollagraph', json_build_object('type', 'outbox', 'account_id', target.account_id,
    'endpoint', target.endpoint, 'kind', 'urgent')::text);
  return true;
end $$;
comment on function admin.redeliver is 'select admin.redeliver(''dlv_…''): sends it again now.';

-- Sends again every exhausted delivery that was created in the window. Returns how many. With
-- dry_run it only counts.
create function admin.recover(since timestamptz, until timestamptz default null, account text default null,
  url text default null, dry_run boolean default false) returns bigint
language plpgsql set search_path from current as $$
declare
  n bigint;
  target record;
begin
  if dry_run then
    select count(*) into n from deliveries d
    where d.status = 'exhausted' and d.created_at >= since
      and (until is null or d.created_at < until)
      and (account is null or d.account_id = account)
      and (url is null or d.webhook_url = url);
    return n;
  end if;
  with back as (
    delete from deliveries d
    where d.status = 'exhausted' and d.created_at >= since
      and (until is null or d.created_at < until)
      and (account is null or d.account_id = account)
      and (url is null or d.webhook_url = url)
    returning *
  )
  insert into outbox (
    account_id, id, job_id, event, webhook_url, endpoint, webhook_id,
    head, tail, whole_job, page_ordinals, headers, body_bytes, body_sha256,
    attempts, fence, last_status_code, last_error, created_at, request_id, traceparent, trigger
  )
  select account_id, id, job_id, event, webhook_url, endpoint, webhook_id,
    head, tail, whole_job, page_ordinals, headers, body_bytes, body_sha256,
    attempts, fence, last_status_code, last_error, created_at, request_id, traceparent, 'recover'
  from back;
  get diagnostics n = row_count;
  for target in
    select distinct account_id, endpoint from outbox where trigger = 'recover' and status = 'waiting'
  loop
    perform pg_notify('ollagraph', json_build_object('type', 'outbox', 'account_id', target.account_id,
      'endpoint', target.endpoint)::text);
  end loop;
  return n;
end $$;
comment on function admin.recover is
  'select admin.recover(now() - interval ''1 day''): sends again every exhausted delivery created since '
  'then.';

-- A role for people, which reads the views and nothing else. Managed databases may forbid making
-- roles; then an operator makes it.
do $$
begin
  if not exists (select from pg_roles where rolname = 'ollagraph_readonly') then
    create role ollagraph_readonly nologin;
  end if;
  grant usage on schema admin to ollagraph_readonly;
  grant select on all tables in schema admin to ollagraph_readonly;
exception when insufficient_privilege then
  raise notice 'the role ollagraph_readonly was not created: the migrating user may not create roles';
end $$;
revoke execute on all functions in schema admin from public;
