-- One token bucket an account: how many requests it may still make, over all web processes. Unlogged: after a crash every bucket is full.
create unlogged table rate_buckets (
  account_id text collate "C" primary key,
  full_at    timestamptz not null,   -- when the bucket will be full again
  taken      integer not null        -- tokens that the latest statement took
) with (fillfactor = 50);

-- Metrics read which jobs and deliveries have ended since they were last read. Deliveries are written in the order in which they
-- end, so that ranges of blocks do, at next to no cost for each row.
create index jobs_finished on jobs (finished_at) where finished_at is not null;
create index deliveries_finished on deliveries using brin (finished_at) with (pages_per_range = 32, autosummarize = on);
