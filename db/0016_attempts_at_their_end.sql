-- An attempt has a row in attempts when it has ended, or when it never will: its process died, and
-- the next claim of the delivery says so. While it is under way, its delivery in the outbox is its
-- record: `sending`, the number in `attempts`, since when in `begun_at`. So an attempt costs one row
-- and no update of it.
alter table outbox add column begun_at timestamptz;
comment on column outbox.begun_at is
  'When the latest attempt began: before its request was sent. Null before the first.';

-- Attempts that are under way during the upgrade.
update outbox o set begun_at = a.started_at
from attempts a
where o.status = 'sending' and (a.account_id, a.delivery_id, a.number) = (o.account_id, o.id, o.attempts);
delete from attempts a using outbox o
where o.status = 'sending' and (a.account_id, a.delivery_id, a.number) = (o.account_id, o.id, o.attempts)
  and a.finished_at is null;

create view admin.all_attempts as
select account_id, delivery_id, number, trigger, started_at, finished_at, status_code, error, error_detail,
  dns_ms, connect_ms, tls_ms, first_byte_ms, duration_ms, bytes_sent, response_body, remote_address
from attempts
union all
select account_id, id, attempts, trigger, begun_at, null, null, null, null,
  null, null, null, null, null, null, null, null
from outbox
where status = 'sending';
comment on view admin.all_attempts is
  'Every attempt, under way or over. finished_at is null while it is under way, and for ever where its '
  'process died: then nobody knows what the receiver saw.';
do $$ begin
  grant select on admin.all_attempts to ollagraph_readonly;
exception when undefined_object or insufficient_privilege then
  raise notice 'the role ollagraph_readonly may not read admin.all_attempts: grant it that';
end $$;

-- Hardly any row is updated now.
update partitioned_tables set filled = 100 where name = 'attempts';
