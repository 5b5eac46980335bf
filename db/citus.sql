-- The way onto several machines with Citus. Not a migration: an operator runs it once, on the
-- coordinator, after `npm run migrate` and with the service stopped:
--
--   psql "$DATABASE_URL" -v coordinator=db0.internal -v worker=db1.internal -f db/citus.sql
--
-- The account is the unit of distribution. What grows with the work (jobs, pages, files, what
-- schedules know of pages, the history of deliveries, attempts) is spread over the machines by
-- account_id, one account's rows together. What is hot and small (the queue, the outbox, schedules
-- and their runs) and what is asked for without an account (accounts, keys, hosts) stays on the
-- coordinator. The service connects to the coordinator and needs no other setting; pg-boss's
-- profile for Citus changes nothing in how it works, since its tables stay there too.
--
-- What the tests hold true on a plain Postgres (test/database/citus.test.ts): every key and every
-- unique index of a distributed table has account_id in it, and every statement but those of
-- metrics and retention goes to one account, or joins by account_id.
--
-- What they cannot: no Citus was at hand. Rehearse on a copy before you rely on this, with these in
-- mind:
--
-- 1. Statements that read or write both kinds of tables. Citus carries them out part by part,
--    through the coordinator, given that it knows the local tables (below). Its documentation
--    promises that for reading; for these that write, see that they run:
--      claim           src/webhooks/outbox/claim.ts          outbox, and attempts whose lease has ended
--      record          src/webhooks/outbox/record.ts         outbox and deliveries
--      redeliver       src/webhooks/outbox/move.ts           deliveries and outbox; so do recover and admin.…
--      cancel-pending  src/webhooks/endpoints/endpoints.ts   outbox and deliveries
--    Where one is refused, it is to be divided within its transaction: each has its rows in hand,
--    account_id included.
-- 2. The priority of a new job is a subquery among the values of an insert (src/jobs/create.ts),
--    which Citus refuses in a distributed table: it becomes a statement of its own before.
-- 3. Partitions are made and dropped every day by maintenance; Citus passes that on to the
--    machines.
-- 4. A transaction over several machines is committed in two phases: set max_prepared_transactions
--    on each of them.

\set ON_ERROR_STOP on

-- On every machine first: shared_preload_libraries = 'citus', then
create extension if not exists citus;

select citus_set_coordinator_host(:'coordinator', 5432);
-- Once for each worker; `select citus_rebalance_start()` when one comes later.
select citus_add_node(:'worker', 5432);
-- No shards on the coordinator, which has the queue and the outbox to serve.
select citus_set_node_property(:'coordinator', 5432, 'shouldhaveshards', false);

-- Local tables that statements name together with distributed ones.
select citus_add_local_table_to_metadata('accounts', cascade_via_foreign_keys => true);
select citus_add_local_table_to_metadata('outbox');
select citus_add_local_table_to_metadata('endpoints');
select citus_add_local_table_to_metadata('hosts');

-- One account's rows together. What is in the tables moves along, partitions included.
select create_distributed_table('jobs', 'account_id', colocate_with => 'none');
select create_distributed_table('pages', 'account_id', colocate_with => 'jobs');
select create_distributed_table('page_aliases', 'account_id', colocate_with => 'jobs');
select create_distributed_table('files', 'account_id', colocate_with => 'jobs');
select create_distributed_table('account_hosts', 'account_id', colocate_with => 'jobs');
select create_distributed_table('known_pages', 'account_id', colocate_with => 'jobs');
select create_distributed_table('deliveries', 'account_id', colocate_with => 'jobs');
select create_distributed_table('attempts', 'account_id', colocate_with => 'jobs');
select create_distributed_table('audit_events', 'account_id', colocate_with => 'jobs');

-- A machine of its own for a large account:
--   select isolate_tenant_to_new_shard('jobs', 'acct_…', 'CASCADE');
-- And back: select undistribute_table('jobs'); and so on, for each of the seven.
