-- The id of the request that a delivery goes back to, so that one id leads through the logs from the request to its last attempt.
alter table outbox add column request_id text;
alter table deliveries add column request_id text;

-- As before, and the request's id stays.

-- Sends one delivery again, wherever it stands; its retry schedule starts over. Returns whether there is one of that id.
create or replace function admin.redeliver(delivery_id text) returns boolean
language plpgsql as $$
declare
  target record;
begin
  with back as (delete from deliveries where id = delivery_id returning *)
  insert into outbox (account_id, id, job_id, event, webhook_url, endpoint, webhook_id, head, tail, whole_job, page_ordinal, headers,
    body_bytes, body_sha256, attempts, last_status, last_error, created_at, request_id, trigger)
  select account_id, id, job_id, event, webhook_url, endpoint, webhook_id, head, tail, whole_job, page_ordinal, headers,
    body_bytes, body_sha256, attempts, last_status, last_error, created_at, request_id, 'manual' from back;
  update outbox set next_attempt_at = now(), schedule_step = 0, trigger = 'manual' where id = delivery_id and state = 'waiting';
  select account_id, endpoint into target from outbox where id = delivery_id;
  if not found then return false; end if;
  perform pg_notify('ollagraph', json_build_object('type', 'outbox', 'account_id', target.account_id, 'endpoint', target.endpoint)::text);
  return true;
end $$;

-- Sends again everything that was created in the window and given up. Returns how many. With dry_run it only counts.
create or replace function admin.recover(since timestamptz, until timestamptz default null, account text default null,
  url text default null, dry_run boolean default false) returns bigint
language plpgsql as $$
declare
  n bigint;
  target record;
begin
  if dry_run then
    select count(*) into n from deliveries d where d.state = 'exhausted' and d.created_at >= since
      and (until is null or d.created_at < until) and (account is null or d.account_id = account) and (url is null or d.webhook_url = url);
    return n;
  end if;
  with back as (
    delete from deliveries d where d.state = 'exhausted' and d.created_at >= since
      and (until is null or d.created_at < until) and (account is null or d.account_id = account) and (url is null or d.webhook_url = url)
    returning *
  )
  insert into outbox (account_id, id, job_id, event, webhook_url, endpoint, webhook_id, head, tail, whole_job, page_ordinal, headers,
    body_bytes, body_sha256, attempts, last_status, last_error, created_at, request_id, trigger)
  select account_id, id, job_id, event, webhook_url, endpoint, webhook_id, head, tail, whole_job, page_ordinal, headers,
    body_bytes, body_sha256, attempts, last_status, last_error, created_at, request_id, 'recover' from back;
  get diagnostics n = row_count;
  for target in select distinct account_id, endpoint from outbox where trigger = 'recover' and state = 'waiting' loop
    perform pg_notify('ollagraph', json_build_object('type', 'outbox', 'account_id', target.account_id, 'endpoint', target.endpoint)::text);
  end loop;
  return n;
end $$;
