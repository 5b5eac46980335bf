-- What a host answers one account binds that account. Others keep a minute of it at most, and for
-- one account's answers once in ten minutes.
alter table account_hosts
  add column backoffs integer not null default 0,  -- pauses in a row; an answer resets it
  add column shared_at timestamptz;                -- when others last had to keep a pause with it

-- Each account counts its own pauses: the view shows those of the account that has most.
create or replace view admin.host_health as
select h.host, h.next_allowed_at, case when h.backoff_until > now() then h.backoff_until end as backoff_until,
  coalesce(a.backoffs, 0) as backoffs, h.last_status_code, h.updated_at
from hosts h left join (
  select host, max(backoffs) as backoffs from account_hosts group by host
) a on a.host = h.host
where h.updated_at > now() - interval '24 hours'
order by 3 desc nulls last, h.updated_at desc;
alter table hosts drop column backoffs;
