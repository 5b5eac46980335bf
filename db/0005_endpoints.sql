-- What a caller may ask of its webhook beyond the one final POST.
alter table jobs
  add column webhook_headers jsonb,                                     -- extra request headers, name → value
  add column webhook_events text[] not null default '{job.completed}'
    check (webhook_events <@ array['job.started', 'job.page', 'job.completed']);

alter table outbox
  add column headers jsonb,
  add column page_ordinal integer;    -- the one page whose fragment stands between head and tail, for job.page
alter table deliveries
  add column headers jsonb,
  add column page_ordinal integer,
  drop constraint deliveries_status_check,
  add constraint deliveries_status_check check (status in (
    'delivered',  -- a 2xx came back
    'exhausted',  -- the last attempt of the schedule failed; → outbox by redeliver or recover
    'cancelled'   -- its owner took it out of the outbox; → outbox by redeliver
  ));

-- What is known of an endpoint (an account's host and port) beyond its deliveries. No row: nothing special.
create table endpoints (
  account_id    text collate "C" not null,
  endpoint      text collate "C" not null,
  paused_at     timestamptz,          -- set by its owner: its deliveries wait, none is dropped
  resting_until timestamptz,          -- set by a dispatcher: after failures in a row it is left alone so long, then probed
  failures      integer not null default 0, -- failed attempts in a row when the rest was set
  primary key (account_id, endpoint)
);

-- Attempts by endpoint and hour, counted in the transaction that records them.
create table endpoint_hours (
  account_id   text collate "C" not null,
  endpoint     text collate "C" not null,
  hour         timestamptz not null,
  succeeded    integer not null default 0,
  failed       integer not null default 0,
  latency      integer[] not null,    -- attempts by duration: bin n holds those of at most 2^(n/2) ms, the last all that took longer
  last_status_code smallint,
  last_error   text,                  -- of the latest failed attempt of the hour
  last_at      timestamptz not null,
  primary key (account_id, endpoint, hour)
) with (fillfactor = 50);
create index endpoint_hours_age on endpoint_hours (hour);

-- The duration in ms below which the share `q` of the attempts in a latency histogram lies (the bin's upper edge).
create function latency_quantile(latency bigint[], q double precision) returns double precision
language sql immutable as $$
  select 2.0 ^ ((min(n) - 1) / 2.0) from (
    select n, sum(count) over (order by n) as below, sum(count) over () as total
    from unnest(latency) with ordinality as bins (count, n)
  ) s where below >= q * total and total > 0
$$;

-- Adds up histograms bin by bin, which unnest gives in their order.
create function latency_add(a bigint[], b integer[]) returns bigint[]
language sql immutable as $$
  select case when a is null then b::bigint[]
    else array(select coalesce(x, 0) + coalesce(y, 0) from unnest(a, b) as s (x, y)) end
$$;
create aggregate latency_sum(integer[]) (sfunc = latency_add, stype = bigint[]);
