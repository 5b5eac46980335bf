-- A job may have an end: a time by which it is over, with what is done by then.
alter table jobs
  add column finish_by timestamptz,                     -- null: it takes as long as it takes
  add column cut_short boolean not null default false;  -- it ended for that with pages not done
-- Workers look here for jobs whose time is up.
create index jobs_finish_by on jobs (finish_by) where finished_at is null and finish_by is not null;

-- The time between two turns at a host, as they were last taken: tells how long pages will take.
alter table hosts add column delay_ms integer;
alter table account_hosts add column delay_ms integer;
