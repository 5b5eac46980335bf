-- Callbacks are read in the order in which they came up (src/callbacks). That of a delivery is the order of its ids; a job without
-- webhook_url has none, and comes up when it ends.
create index jobs_unsent on jobs (account_id, finished_at, id)
  where finished_at is not null and webhook_url is null and 'job.completed' = any (webhook_events);
