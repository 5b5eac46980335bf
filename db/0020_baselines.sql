-- With which runs a run of a schedule can be compared.
alter table schedules
  -- The latest run before the job was changed: what such runs found says nothing about what is gone.
  add column job_baseline integer not null default 0,
  -- The same where what counts as the content of a page may have changed with it.
  add column content_baseline integer not null default 0;
-- Of a run of a schedule: what these were when it began; null for other jobs.
alter table jobs
  add column job_baseline integer,
  add column content_baseline integer;
-- Crawl: the sitemaps of which nothing could be read, as a JSON array; null where all could.
alter table schedule_runs add column failed_sitemaps text;
-- The run that stored the content of a page, its validators and its links.
alter table known_pages add column content_run integer not null default 0;
update known_pages set content_run = last_run;
