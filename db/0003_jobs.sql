-- A job is a set of pages. jobs, pages and page_aliases are written by src/jobs, hosts and
-- account_hosts by src/workers/hosts.
create table jobs (
  account_id      text collate "C" not null,
  id              text collate "C" not null,    -- job_…
  kind            text not null check (kind in ('scrape', 'batch', 'crawl')),
  status          text not null default 'queued' check (status in (
    'queued',     -- → running, cancelled, or straight to an end
    'running',    -- → completed, failed, cancelled
    'completed',  -- at least one page came back
    'failed',     -- no page came back
    'cancelled'   -- the caller stopped it
  )),
  options         jsonb not null,               -- the validated request, defaults filled in
  metadata        text,                         -- the caller's JSON, echoed as it came
  webhook_url     text,
  webhook_payload text not null default 'full' check (webhook_payload in ('full', 'summary')),
  webhook_headers jsonb,                        -- extra request headers, name → value
  webhook_events  text[] not null default '{job.completed}'
    check (webhook_events <@ array['job.started', 'job.page', 'job.completed']),
  -- Of its next slices; falls with every slice, so that small jobs pass big ones.
  priority        integer not null default 0,
  total           integer not null,             -- pages submitted; a crawl's grows as pages are found
  remaining       integer not null,
  succeeded       integer not null default 0,
  unbilled        integer not null default 0,   -- of those that succeeded, the ones that cost nothing
  failed          integer not null default 0,
  skipped         integer not null default 0,
  cancelled       integer not null default 0,
  reserved        integer not null,             -- credits held until the job ends
  max_pages       integer,                      -- crawl: the most pages that are not skipped
  expand_ordinal  integer not null default 0,   -- crawl: the first page whose links are not yet queued …
  expand_offset   integer not null default 0,   -- … and the first of its links that is not
  request_id      text,
  traceparent     text,                         -- W3C Trace Context of the request that created it
  created_at      timestamptz not null default now(),
  started_at      timestamptz,
  finished_at     timestamptz,
  primary key (account_id, id),
  check (total = remaining + succeeded + failed + skipped + cancelled),
  check (remaining >= 0 and succeeded >= 0 and failed >= 0 and skipped >= 0 and cancelled >= 0),
  check (unbilled between 0 and succeeded),
  check ((status in ('queued', 'running')) = (finished_at is null)),
  check (finished_at is null or remaining = 0)
) partition by range (id);
insert into partitioned_tables values ('jobs', 'job_', 80);
create index jobs_open on jobs (account_id, id) where finished_at is null;
-- Metrics read the jobs that have ended since the last reading.
create index jobs_finished on jobs (finished_at) where finished_at is not null;
-- A job without webhook_url appears among the callbacks (src/callbacks) when it ends.
create index jobs_unsent on jobs (account_id, finished_at, id)
  where finished_at is not null and webhook_url is null and 'job.completed' = any (webhook_events);

create table pages (
  account_id  text collate "C" not null,
  job_id      text collate "C" not null,
  ordinal     integer not null,                 -- the place in the request, or the order of discovery
  url         text not null,
  host        text collate "C" not null,        -- host and port, lower case
  -- Crawl: SHA-256 of the URL's de-duplication key; null in a batch, where a URL may be repeated.
  url_hash    bytea,
  cache_key   bytea not null,                   -- SHA-256 of the URL and of all options that shape the result
  depth       smallint not null default 0,
  status      text not null default 'pending' check (status in (
    'pending',    -- → any of the others, once
    'ok',         -- an answer came back, whatever its HTTP status; costs one credit
    'failed',     -- nothing came back
    'skipped',    -- not fetched, or not kept, by the crawl's own rules
    'cancelled'   -- the job was cancelled first
  )),
  tries       smallint not null default 0,      -- fetches that failed and were deferred
  -- The page block as JSON text, exactly what every reader is sent; null while pending, and for
  -- cancelled pages.
  fragment    text,
  -- Crawl: the in-scope links in document order until they are queued, as a JSON array (text[] cost
  -- more than its storage).
  links       text,
  http_status smallint,
  error_code  text,
  -- Ok, but empty for a reason on our side: costs nothing, and is not reused.
  unbilled    boolean not null default false,
  duration_ms integer,
  settled_at  timestamptz,
  -- The place in the order of settling, from 1; null while pending, and where there is no fragment.
  settlement  integer,
  primary key (account_id, job_id, ordinal),
  check ((status = 'pending') = (settled_at is null))
) partition by range (job_id);
insert into partitioned_tables values ('pages', 'job_', 100);
-- Pages are read in the order of settling while their job runs.
create index pages_settlement on pages (account_id, job_id, settlement) where settlement is not null;
create unique index pages_url_once on pages (account_id, job_id, url_hash) where url_hash is not null;
-- Only pages that came back can be reused. Leaving pending pages out halves the time to insert
-- 100,000 of them.
create index pages_cache on pages (account_id, cache_key) where status = 'ok';
-- Compressing a 10 KB fragment costs 320 µs; storing it plain costs 86 µs and twice the disk.
alter table pages alter column fragment set storage external;
-- No plan depends on these columns, so ANALYZE skips them.
alter table pages
  alter column url set statistics 0,
  alter column fragment set statistics 0,
  alter column links set statistics 0;

-- Crawl: further addresses of a page: where it was redirected to, and its canonical URL.
create table page_aliases (
  account_id text collate "C" not null,
  job_id     text collate "C" not null,
  url_hash   bytea not null,
  primary key (account_id, job_id, url_hash)
) partition by range (job_id);
insert into partitioned_tables values ('page_aliases', 'job_', 100);

-- One clock per host, shared by all accounts: what the host itself asked for. Nobody fetches from
-- it before next_allowed_at.
create table hosts (
  host             text collate "C" primary key,
  next_allowed_at  timestamptz not null default '-infinity',
  backoff_until    timestamptz,                  -- the host asked for a pause (429, 503, Retry-After)
  backoffs         integer not null default 0,   -- pauses in a row; an answer resets it
  last_status_code smallint,
  updated_at       timestamptz not null default now()
);

-- One clock per account and host: what binds this account alone. Its own delay, and pauses longer
-- than others have to feel.
create table account_hosts (
  account_id       text collate "C" not null,
  host             text collate "C" not null,
  next_allowed_at  timestamptz not null default '-infinity',
  backoff_until    timestamptz,
  updated_at       timestamptz not null default now(),
  primary key (account_id, host)
);
