-- One token bucket an account: how many requests it may still make, over all web processes. Unlogged: after a crash every bucket is full.
create unlogged table rate_buckets (
  account_id text collate "C" primary key,
  full_at    timestamptz not null,   -- when the bucket will be full again
  taken      integer not null        -- tokens that the latest statement took
) with (fillfactor = 50);

-- Metrics read which jobs have ended since they were last read.
create index jobs_finished on jobs (finished_at) where finished_at is not null;
