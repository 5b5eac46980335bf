-- A schedule creates a job again and again, and reports what has changed since its last run.
-- Written by src/schedules, but for what a run's job finds: that is written by src/changes, in the
-- transactions that settle its pages and end it.
create table schedules (
  account_id     text collate "C" not null,
  id             text collate "C" not null,    -- sch_…
  name           text not null,
  status         text not null default 'active' check (status in (
    'active',  -- runs at next_run_at; → paused, ended
    'paused',  -- by its owner, or by the service, which says why; → active
    'ended'    -- `until` has passed; → active by a later `until`
  )),
  -- Why the service paused it; null where its owner did.
  pause_reason   text check (pause_reason in ('key_revoked')),
  -- When it runs: one of the two.
  cron           text,                         -- five fields, in `timezone`
  every_seconds  integer check (every_seconds > 0),
  timezone       text not null default 'UTC',  -- IANA
  until          timestamptz,                  -- no run later than this
  -- What it runs.
  kind           text not null check (kind in ('scrape', 'batch', 'crawl')),
  url            text not null,                -- its page, the first of a batch, or where a crawl begins
  request        text not null,                -- the body of the job's route as JSON, sealed like jobs.secrets
  -- Which runs have a delivery, and which pages are part of it.
  deliver        text not null default 'always' check (deliver in ('always', 'changes')),
  diff           boolean not null default false,
  heartbeat_days integer,                      -- a delivery after so many days without one
  -- The key that made it: its runs end with it.
  key_id         text collate "C" not null,
  next_run_at    timestamptz,
  runs           integer not null default 0,   -- the number of its latest run
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  primary key (account_id, id),
  check ((cron is null) <> (every_seconds is null)),
  check ((status = 'active') = (next_run_at is not null))
);
create index schedules_due on schedules (next_run_at) where next_run_at is not null;

-- The runs of schedules. A run is inserted with its job, in the transaction that moves next_run_at.
create table schedule_runs (
  account_id   text collate "C" not null,
  schedule_id  text collate "C" not null,
  run          integer not null,               -- 1, 2, …
  trigger      text not null check (trigger in ('schedule', 'manual')),
  status       text not null default 'running' check (status in (
    'running',    -- → completed, failed or cancelled with its job
    'completed',
    'failed',
    'cancelled',
    'skipped'     -- it has no job: skip_reason says why
  )),
  skip_reason  text check (skip_reason in (
    'still_running',     -- the run before had not ended
    'out_of_credits',
    'account_suspended',
    'job_refused'        -- what is accepted has changed: its webhook_url is not public any more, say
  )),
  skip_detail  text,
  job_id       text collate "C",
  due_at       timestamptz not null,           -- the time for which it was due
  started_at   timestamptz not null default now(),
  finished_at  timestamptz,
  -- Pages by what became of them since the last run; null until the job has ended.
  added        integer,
  changed      integer,
  removed      integer,
  unchanged    integer,
  -- The URLs of the pages that were removed, as a JSON array.
  removed_urls text,
  -- Whether it saw all pages; where not, none counts as removed. Null while that is not known.
  complete     boolean,
  -- Whether there was something to deliver.
  reported     boolean not null default false,
  primary key (account_id, schedule_id, run),
  check ((status = 'skipped') = (skip_reason is not null)),
  check ((status = 'skipped') = (job_id is null)),
  check ((status = 'running') = (finished_at is null))
);
create index schedule_runs_running on schedule_runs (account_id, schedule_id) where status = 'running';
create index schedule_runs_job on schedule_runs (account_id, job_id) where job_id is not null;
create index schedule_runs_age on schedule_runs (started_at);

-- What the last runs of a schedule saw, beyond the retention of their pages.
create table known_pages (
  account_id    text collate "C" not null,
  schedule_id   text collate "C" not null,
  -- pages.url_hash in a crawl, else SHA-256 of the URL.
  url_hash      bytea not null,
  url           text not null,
  sha256        bytea not null,                -- of its content: see src/scrape/compare.ts
  -- What conditional requests send; null where the next request has none.
  etag          text,
  last_modified text,
  -- Crawl: what an unchanged page is followed by: its links in scope and other addresses, as JSON
  -- arrays, at this depth.
  links         text,
  aliases       text,
  depth         smallint not null default 0,
  markdown      text,                          -- where the schedule wants diffs, and it is not too large
  last_run      integer not null,              -- the latest run that did not find it gone
  primary key (account_id, schedule_id, url_hash)
);
alter table known_pages
  alter column url set statistics 0,
  alter column links set statistics 0,
  alter column aliases set statistics 0,
  alter column markdown set statistics 0;

alter table jobs
  -- Of a run of a schedule, which one, and how it reports; null for other jobs.
  add column schedule_id text collate "C",
  add column run integer,
  add column deliver text check (deliver in ('always', 'changes')),
  add column diff boolean;
alter table pages
  -- Of a run: what became of the page since the run before. Null where it cannot be compared.
  add column change text check (change in ('added', 'changed', 'unchanged')),
  -- The block is not part of the result.
  add column left_out boolean;
