-- Keys may be small: for some routes only, for a time, for so many credits.
alter table api_keys
  add column scopes text[] not null default '{scrape,jobs:read,webhooks,account}'
    check (scopes <@ array['scrape', 'jobs:read', 'webhooks', 'account']),
  add column expires_at timestamptz,                  -- null: never
  add column credit_limit bigint,                     -- the most that its jobs may use, ever; null: no limit
  -- What its jobs have used, and what those under way hold.
  add column credits_used bigint not null default 0,
  add check (credit_limit >= 0),
  add check (credits_used >= 0);

-- The key that a job was made with, whose credits it uses; null where it was none.
alter table jobs add column key_id text collate "C";

-- Who did what: one row for each action that changes something.
create table audit_events (
  account_id text collate "C" not null,
  id         text collate "C" not null,               -- aud_…
  actor      text not null check (actor in (
    'key',       -- a call of the API with key_id
    'console',   -- somebody in the console, signed in with key_id
    'operator',  -- the command line or the operator's pages
    'service'    -- the service itself, for something that key_id asked for
  )),
  key_id     text collate "C",
  action     text not null,                           -- like job.create
  target     text,                                    -- what it was done to: an id, an endpoint
  ip         text,                                    -- of the request; null for the command line
  request_id text,
  created_at timestamptz not null default now(),
  primary key (account_id, id)
) partition by range (id);
insert into partitioned_tables values ('audit_events', 'aud_', 100);
select ensure_partitions(((now() at time zone 'utc')::date + n)::date) from generate_series(-1, 3) as n;

create view admin.audit as
select e.created_at, e.account_id, a.name as account, e.actor, e.key_id, k.name as key, e.action, e.target,
  e.ip, e.request_id
from audit_events e left join accounts a on a.id = e.account_id left join api_keys k on k.id = e.key_id
where e.id >= id_floor('aud_', (now() at time zone 'utc')::date - 6)
order by e.id desc;
comment on view admin.audit is
  'Who did what in the last seven days, newest first: name an account_id, or add a limit. Older days, '
  'up to RETENTION_DAYS, are in audit_events.';
do $$ begin
  grant select on admin.audit to ollagraph_readonly;
exception when undefined_object or insufficient_privilege then null;
end $$;
