-- The outbox holds what is still to be sent; deliveries holds what has ended. A row moves from one to the other in the
-- transaction that records its last attempt, and back when it is redelivered, so that the outbox stays small and hot
-- however long the history grows. Both are written by src/webhooks alone.
--
-- The body of a delivery is head, then the job's page fragments joined by commas (where whole_job), then tail: a pure
-- function of rows that never change, hence byte-identical at every attempt.
create table outbox (
  account_id      text collate "C" not null,
  id              text collate "C" not null,      -- dlv_…
  job_id          text collate "C",               -- null for a test
  event           text not null check (event in ('job.started', 'job.page', 'job.completed', 'test')),
  webhook_url     text not null,
  endpoint        text collate "C" not null,      -- host and port of webhook_url: what is paced and paused as one
  webhook_id      text not null,                  -- the Standard Webhooks id: the job's, or the delivery's own
  head            text not null,
  tail            text not null,
  whole_job       boolean not null,
  body_bytes      bigint,                         -- length and digest, fixed at the first attempt and checked at every later one
  body_sha256     bytea,
  request_id      text,                           -- of the request that it goes back to, for the logs
  traceparent     text,                           -- W3C Trace Context: what its attempts continue
  status          text not null default 'waiting' check (status in (
    'waiting',    -- due at next_attempt_at; → sending
    'sending'     -- claimed; due again when leased_until has passed; → waiting, or on to deliveries
  )),
  next_attempt_at timestamptz not null default now(),
  leased_until    timestamptz,                    -- in no index, so that a claim changes none (a HOT update)
  schedule_step   integer not null default 0,     -- failed attempts since the schedule was last started over
  attempts        integer not null default 0,     -- attempts in all; also the claim's fence
  trigger         text not null default 'schedule' check (trigger in ('schedule', 'manual', 'recover', 'test')),
  last_status_code smallint,
  last_error      text,
  created_at      timestamptz not null default now(),
  primary key (account_id, id)
) with (fillfactor = 70);
-- Deliveries of one transaction fall due at the same moment. As one entry for all of them they could only be forgotten together, and
-- each claim would pass by those that have left: 6 ms for a hundred where it takes 2.4.
create index outbox_due on outbox (account_id, endpoint, next_attempt_at) with (deduplicate_items = off);
create unique index outbox_job_once on outbox (account_id, job_id) where event = 'job.completed';
-- Rows live for milliseconds: vacuum must follow at once. The statements that matter go by the index whatever the statistics say.
alter table outbox set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0.5);
-- Plans never depend on these: studying a thousand characters of each of 30,000 rows took half of what ANALYZE took.
alter table outbox alter column head set statistics 0, alter column tail set statistics 0, alter column body_sha256 set statistics 0;

create table deliveries (
  account_id      text collate "C" not null,
  id              text collate "C" not null,
  job_id          text collate "C",
  event           text not null check (event in ('job.started', 'job.page', 'job.completed', 'test')),
  webhook_url     text not null,
  endpoint        text collate "C" not null,
  webhook_id      text not null,
  head            text not null,
  tail            text not null,
  whole_job       boolean not null,
  body_bytes      bigint,
  body_sha256     bytea,
  request_id      text,                           -- of the request that it goes back to, for the logs
  traceparent     text,                           -- W3C Trace Context: what its attempts continue
  status          text not null check (status in (
    'delivered',  -- a 2xx came back
    'exhausted'   -- the last attempt of the schedule failed; → outbox by redeliver or recover
  )),
  schedule_step   integer not null,
  attempts        integer not null,
  last_status_code smallint,
  last_error      text,
  created_at      timestamptz not null,
  finished_at     timestamptz not null default now(),
  primary key (account_id, id)
) partition by range (id);
alter table deliveries alter column head set statistics 0, alter column tail set statistics 0, alter column body_sha256 set statistics 0;
insert into partitioned_tables values ('deliveries', 'dlv_', 100);
create index deliveries_job on deliveries (account_id, job_id);
create index deliveries_exhausted on deliveries (account_id, endpoint, id) where status = 'exhausted';

-- Every attempt, begun (committed) before its request is sent. finished_at is null while it runs, and stays so when
-- the process died in between: then nobody knows what the receiver saw.
create table attempts (
  account_id     text collate "C" not null,
  delivery_id    text collate "C" not null,
  number         integer not null,                -- 1, 2, …; the X-Ollagraph-Attempt header
  trigger        text not null check (trigger in ('schedule', 'manual', 'recover', 'test')), -- who asked for it
  started_at     timestamptz not null default now(),
  finished_at    timestamptz,
  status_code    smallint,                        -- the HTTP status, where one came back
  error          text,                            -- why it failed, from the closed list in src/webhooks/retry.ts; null when delivered
  dns_ms         real,                            -- the three are null on a connection that was kept alive
  connect_ms     real,
  tls_ms         real,
  first_byte_ms  real,
  duration_ms    real,
  bytes_sent     bigint,
  response_body  text,                            -- the first KiB of what the receiver answered
  remote_address text,                            -- for operators only
  primary key (account_id, delivery_id, number)
) partition by range (delivery_id);
alter table attempts alter column response_body set statistics 0, alter column bytes_sent set statistics 0, alter column dns_ms set statistics 0,
  alter column connect_ms set statistics 0, alter column tls_ms set statistics 0, alter column first_byte_ms set statistics 0;
-- Every row is updated once, soon after: room for that on its own page leaves the index alone.
insert into partitioned_tables values ('attempts', 'dlv_', 50);

-- Yesterday too: an id made just before midnight may be written just after.
select ensure_partitions(((now() at time zone 'utc')::date + n)::date) from generate_series(-1, 3) as n;
