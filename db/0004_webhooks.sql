-- The outbox holds deliveries that are still to be sent; deliveries holds those that have ended. A
-- row moves from one to the other in the transaction that records its last attempt, and back when
-- it is redelivered, so that the outbox stays small however long the history grows. All tables here
-- are written by src/webhooks, and by admin.redeliver and admin.recover.
--
-- The body of a delivery is head, then the job's page fragments joined by commas (where whole_job)
-- or those of page_ordinals, then tail: a pure function of rows that never change, hence
-- byte-identical at every attempt.
create table outbox (
  account_id       text collate "C" not null,
  id               text collate "C" not null,      -- dlv_…
  job_id           text collate "C",               -- null for a test
  event            text not null
    check (event in ('job.started', 'job.page', 'job.pages', 'job.completed', 'test')),
  webhook_url      text not null,
  -- Host and port of webhook_url: what is paced and paused as one.
  endpoint         text collate "C" not null,
  headers          jsonb,                          -- extra request headers, name → value
  -- The Standard Webhooks id: the job's, or the delivery's own.
  webhook_id       text not null,
  head             text not null,
  tail             text not null,
  whole_job        boolean not null,
  -- Of the pages whose fragments stand between head and tail, for job.page and job.pages.
  page_ordinals    integer[],
  -- Length and digest, fixed at the first attempt and checked at every later one.
  body_bytes       bigint,
  body_sha256      bytea,
  request_id       text,                           -- of the request that led to it, for the logs
  traceparent      text,                           -- W3C Trace Context: the parent of its attempts' spans
  status           text not null default 'waiting' check (status in (
    'waiting',    -- due at next_attempt_at; → sending
    'sending'     -- claimed; due again when leased_until has passed; → waiting, or on to deliveries
  )),
  next_attempt_at  timestamptz not null default now(),
  leased_until     timestamptz,                    -- in no index, so that a claim changes none (a HOT update)
  schedule_step    integer not null default 0,     -- failed attempts since the schedule was last restarted
  attempts         integer not null default 0,     -- attempts in all
  -- Counts claims: whoever holds an older one changes nothing.
  fence            integer not null default 0,
  trigger          text not null default 'schedule'
    check (trigger in ('schedule', 'manual', 'recover', 'test')),
  -- The dispatcher takes some of each lane of an endpoint, so that no URL waits for another. 0: a
  -- person asked for it; 1: it failed before; else its URL, by a hash of 52 bits. URLs that share a
  -- hash share its turns.
  lane             bigint not null generated always as (case
    when schedule_step > 0 then 1
    when trigger in ('manual', 'test') then 0
    else 2 + (hashtextextended(webhook_url, 0) & 4503599627370495)
  end) stored,
  last_status_code smallint,
  last_error       text,
  created_at       timestamptz not null default now(),
  primary key (account_id, id)
) with (fillfactor = 70);
-- Deliveries of one transaction fall due at the same moment. Deduplicated into one index entry they
-- could only be removed together, and each claim would walk past those that have left: 6 ms for a
-- hundred instead of 2.4.
create index outbox_due on outbox (account_id, endpoint, lane, next_attempt_at)
  with (deduplicate_items = off);
create index outbox_pages on outbox (account_id, job_id) where event = 'job.pages';
create unique index outbox_job_once on outbox (account_id, job_id) where event = 'job.completed';
-- Rows live for milliseconds, so vacuum must follow at once.
alter table outbox set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0.5);
-- No plan depends on these columns: sampling a thousand characters of each of 30,000 rows took half
-- of ANALYZE's time.
alter table outbox
  alter column head set statistics 0,
  alter column tail set statistics 0,
  alter column body_sha256 set statistics 0;

create table deliveries (
  account_id       text collate "C" not null,
  id               text collate "C" not null,
  job_id           text collate "C",
  event            text not null
    check (event in ('job.started', 'job.page', 'job.pages', 'job.completed', 'test')),
  webhook_url      text not null,
  endpoint         text collate "C" not null,
  headers          jsonb,
  webhook_id       text not null,
  head             text not null,
  tail             text not null,
  whole_job        boolean not null,
  page_ordinals    integer[],
  body_bytes       bigint,
  body_sha256      bytea,
  request_id       text,
  traceparent      text,
  status           text not null check (status in (
    'delivered',  -- a 2xx came back
    'exhausted',  -- the last attempt of the schedule failed; → outbox by redeliver or recover
    'cancelled'   -- its owner took it out of the outbox; → outbox by redeliver
  )),
  schedule_step    integer not null,
  attempts         integer not null,
  fence            integer not null default 0,
  last_status_code smallint,
  last_error       text,
  created_at       timestamptz not null,
  finished_at      timestamptz not null default now(),
  primary key (account_id, id)
) partition by range (id);
insert into partitioned_tables values ('deliveries', 'dlv_', 100);
create index deliveries_job on deliveries (account_id, job_id);
create index deliveries_exhausted on deliveries (account_id, endpoint, id) where status = 'exhausted';
-- Metrics read the deliveries that have ended since the last reading. Rows are written in the order
-- in which they end, so an index over ranges of blocks finds them at next to no cost per row.
create index deliveries_finished on deliveries using brin (finished_at)
  with (pages_per_range = 32, autosummarize = on);
alter table deliveries
  alter column head set statistics 0,
  alter column tail set statistics 0,
  alter column body_sha256 set statistics 0;

-- Every attempt, committed before its request is sent. finished_at is null while it runs, and stays
-- null when the process died in between: then nobody knows what the receiver saw.
create table attempts (
  account_id     text collate "C" not null,
  delivery_id    text collate "C" not null,
  number         integer not null,                -- 1, 2, …; the X-Ollagraph-Attempt header
  -- Who asked for it.
  trigger        text not null check (trigger in ('schedule', 'manual', 'recover', 'test')),
  started_at     timestamptz not null default now(),
  finished_at    timestamptz,
  status_code    smallint,                        -- the HTTP status, where one came back
  -- Why it failed, from the closed list in src/webhooks/send/retry.ts; null when delivered.
  error          text,
  -- More about the error: the fault of TLS, or where a redirect leads.
  error_detail   text,
  dns_ms         real,                            -- the three are null on a connection that was kept alive
  connect_ms     real,
  tls_ms         real,
  first_byte_ms  real,
  duration_ms    real,
  bytes_sent     bigint,
  response_body  text,                            -- the first KiB of the receiver's answer
  remote_address text,                            -- for operators only
  primary key (account_id, delivery_id, number)
) partition by range (delivery_id);
alter table attempts
  alter column response_body set statistics 0,
  alter column bytes_sent set statistics 0,
  alter column dns_ms set statistics 0,
  alter column connect_ms set statistics 0,
  alter column tls_ms set statistics 0,
  alter column first_byte_ms set statistics 0;
-- Every row is updated once, soon after it is inserted: half-full pages keep the new version on the
-- same page (HOT).
insert into partitioned_tables values ('attempts', 'dlv_', 50);

-- What is special about an endpoint (an account's host and port). Without a row nothing is.
create table endpoints (
  account_id    text collate "C" not null,
  endpoint      text collate "C" not null,
  paused_at     timestamptz,          -- set by its owner: its deliveries wait, none is dropped
  -- Set by a dispatcher after failures in a row: nothing is sent until then, then one probe.
  resting_until timestamptz,
  failures      integer not null default 0, -- failed attempts in a row when the rest was set
  -- The most requests that a dispatcher sends to it at once; null: what every endpoint starts with.
  concurrency   integer,
  primary key (account_id, endpoint)
);

-- Attempts by endpoint and hour, counted in the transaction that records them.
create table endpoint_hours (
  account_id       text collate "C" not null,
  endpoint         text collate "C" not null,
  hour             timestamptz not null,
  succeeded        integer not null default 0,
  failed           integer not null default 0,
  -- Attempts by duration: bin n counts those of at most 2^(n/2) ms, the last bin the rest.
  latency          integer[] not null,
  last_status_code smallint,
  last_error       text,                  -- of the latest failed attempt of the hour
  last_at          timestamptz not null,
  primary key (account_id, endpoint, hour)
) with (fillfactor = 50);
create index endpoint_hours_age on endpoint_hours (hour);

-- The duration in ms within which the share `q` of the attempts in a latency histogram lies: the
-- upper edge of a bin.
create function latency_quantile(latency bigint[], q double precision) returns double precision
language sql immutable as $$
  select 2.0 ^ ((min(n) - 1) / 2.0) from (
    select n, sum(count) over (order by n) as below, sum(count) over () as total
    from unnest(latency) with ordinality as bins (count, n)
  ) s where below >= q * total and total > 0
$$;

-- Adds two histograms bin by bin.
create function latency_add(a bigint[], b integer[]) returns bigint[]
language sql immutable as $$
  select case when a is null then b::bigint[]
    else array(select coalesce(x, 0) + coalesce(y, 0) from unnest(a, b) as s (x, y)) end
$$;
create aggregate latency_sum(integer[]) (sfunc = latency_add, stype = bigint[]);

-- Yesterday too: an id made just before midnight may be written just after.
select ensure_partitions(((now() at time zone 'utc')::date + n)::date) from generate_series(-1, 3) as n;
