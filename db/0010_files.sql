-- Files of a job: pictures and PDFs of its rendered pages. Written by src/jobs together with the
-- page that each is of.
create table files (
  account_id text collate "C" not null,
  job_id     text collate "C" not null,
  name       text collate "C" not null,  -- begins with the page's ordinal: 0-screenshot.png
  ordinal    integer not null,           -- of its page
  type       text not null,              -- its media type
  sha256     bytea not null,
  bytes      integer not null generated always as (octet_length(content)) stored,
  content    bytea not null,
  primary key (account_id, job_id, name)
) partition by range (job_id);
insert into partitioned_tables values ('files', 'job_', 100);
-- The content is compressed already; kept as it is, a part of it can be read without the rest.
alter table files alter column content set storage external;
-- No plan depends on these columns, so ANALYZE skips them.
alter table files
  alter column content set statistics 0,
  alter column sha256 set statistics 0;

-- Jobs of earlier days may still run.
select ensure_partitions(to_date(right(c.relname, 8), 'YYYYMMDD'))
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'jobs'::regclass and c.relname ~ '_[0-9]{8}$';
