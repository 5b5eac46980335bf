-- A page that a browser rendered costs more than one credit.
alter table jobs
  add column surcharge integer not null default 0 check (surcharge >= 0);  -- credits of its pages beyond one each
alter table pages
  add column surcharge smallint not null default 0;                         -- credits beyond one, of a page that was rendered

create or replace view admin.usage_by_account as
select a.id as account_id, a.name, a.plan, a.credits,
  (select count(*) from jobs j where j.account_id = a.id and j.id >= id_floor('job_', (now() at time zone 'utc')::date - 29)) as jobs_30d,
  (select coalesce(sum(j.succeeded - j.unbilled + j.surcharge), 0) from jobs j where j.account_id = a.id and j.id >= id_floor('job_', (now() at time zone 'utc')::date - 29)) as credits_30d
from accounts a order by credits_30d desc;
