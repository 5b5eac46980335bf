-- The way onto several machines with Citus. Not a migration: an operator runs it once, on the
-- coordinator, after `npm run migrate` and with the service stopped. The manual says what comes before
-- and after it (Operations, More than one database machine).
--
--   psql "$DATABASE_URL" -f db/citus.sql
--
-- The account is the unit of distribution. Jobs with their pages and files, which hold nearly all
-- bytes, are spread over the machines by account_id, one account's rows together. All else stays on
-- the coordinator: the queue and the outbox, which are hot and small, deliveries and attempts, which
-- are recorded in batches over all accounts, and what is asked for without an account.

\set ON_ERROR_STOP on
begin;
set local citus.multi_shard_modify_mode to 'sequential';

-- One account's rows together. What is in the tables moves along, partitions included.
select create_distributed_table('jobs', 'account_id', colocate_with => 'none');
select create_distributed_table('pages', 'account_id', colocate_with => 'jobs');
select create_distributed_table('page_aliases', 'account_id', colocate_with => 'jobs');
select create_distributed_table('files', 'account_id', colocate_with => 'jobs');
select create_distributed_table('known_pages', 'account_id', colocate_with => 'jobs');

-- A transaction that writes to a worker and to the coordinator is to be prepared on the worker before
-- it is committed here: else a crash between the two would leave a job that has ended without its
-- delivery. Citus does that where it knows of a write to a table of its own on the coordinator; it
-- does not look at plain tables. So the tables that are written together with jobs and pages write,
-- for Citus to see, nothing to this one.
create table prepared_first (id integer primary key);
select citus_add_local_table_to_metadata('prepared_first');
create function prepare_first() returns trigger language plpgsql as $$
begin
  delete from prepared_first where id = 0;
  return null;
end $$;
create trigger prepare_first after insert or update of page_ordinals on outbox
  for each statement execute function prepare_first();
create trigger prepare_first after insert on credit_entries
  for each statement execute function prepare_first();
create trigger prepare_first after update or delete on schedules
  for each statement execute function prepare_first();
create trigger prepare_first after insert or update on schedule_runs
  for each statement execute function prepare_first();
create trigger prepare_first after insert or delete on job_deadlines
  for each statement execute function prepare_first();
-- The lanes of the queue, each a partition that is written by its own name.
do $$
declare
  lane regclass;
begin
  for lane in select inhrelid::regclass from pg_inherits where inhparent = 'ollagraph_queue.job'::regclass loop
    execute format('create trigger prepare_first after insert on %s
      for each statement execute function prepare_first()', lane);
  end loop;
end $$;

commit;
