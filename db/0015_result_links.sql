-- A callback may lead to the pages of its job instead of carrying them: its body is then head, link
-- and tail. The dispatcher makes the link before the first attempt, from the pages, and stores it: every
-- attempt carries the same one.
alter table jobs drop constraint jobs_webhook_payload_check;
alter table jobs add constraint jobs_webhook_payload_check
  check (webhook_payload in ('full', 'summary', 'link', 'firecrawl'));

alter table outbox add column link text;               -- empty: still to be made; null: the body has none
alter table outbox alter column link set statistics 0;
alter table deliveries add column link text;
alter table deliveries alter column link set statistics 0;

-- Signs the links of an account. Another value ends all of them. 244 random bits.
alter table accounts add column link_key bytea not null
  default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());

-- The same as before, with the link.
create or replace function admin.redeliver(delivery_id text) returns boolean
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
    head, tail, link, whole_job, page_ordinals, headers, body_bytes, body_sha256,
    attempts, fence, last_status_code, last_error, created_at, request_id, traceparent, trigger
  )
  select account_id, id, job_id, event, webhook_url, endpoint, webhook_id,
    head, tail, link, whole_job, page_ordinals, headers, body_bytes, body_sha256,
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

create or replace function admin.recover(since timestamptz, until timestamptz default null, account text default null,
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
    head, tail, link, whole_job, page_ordinals, headers, body_bytes, body_sha256,
    attempts, fence, last_status_code, last_error, created_at, request_id, traceparent, trigger
  )
  select account_id, id, job_id, event, webhook_url, endpoint, webhook_id,
    head, tail, link, whole_job, page_ordinals, headers, body_bytes, body_sha256,
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
