-- The options keep the order in which the caller wrote their keys: `fields` are the columns of a CSV,
-- and jsonb sorts keys.
drop view admin.crawl_progress;

alter table jobs alter column options type json using options::json;

create view admin.crawl_progress as
select id, account_id, options ->> 'url' as url, status, max_pages, total, remaining,
  succeeded, failed, skipped, created_at,
  round(
    (total - remaining)::numeric / greatest(
      1, extract(epoch from coalesce(finished_at, now()) - coalesce(started_at, created_at))
    )::numeric,
    1
  ) as pages_per_second
from jobs
where kind = 'crawl'
  and (finished_at is null or id >= id_floor('job_', (now() at time zone 'utc')::date - 1))
order by id desc;
comment on view admin.crawl_progress is 'Running crawls, and those of today and yesterday.';
