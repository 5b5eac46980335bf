-- What became of the connections that the operator's proxies were asked for. Written by src/workers/proxies.
create table proxies (
  number         integer primary key,         -- the place in PROXIES, from 1
  address        text not null,               -- host:port; user name and password are in the configuration alone
  requests       bigint not null default 0,
  failures       bigint not null default 0,   -- the proxy made no connection; another one was tried
  last_failed_at timestamptz,
  last_error     text,
  resting_until  timestamptz                  -- the others are asked first until then
);

create view admin.proxies as
select number, address, requests, failures, round(100.0 * failures / nullif(requests, 0), 1) as failed_percent,
  coalesce(resting_until > now(), false) as resting, resting_until, last_failed_at, last_error
from proxies order by number;
comment on view admin.proxies is 'The proxies of PROXIES, how often they were asked for a connection, and which ones rest after failures.';
