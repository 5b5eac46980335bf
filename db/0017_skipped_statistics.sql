-- Which columns ANALYZE skips in a new partition. Citus passes most changes of a table on to its
-- workers, and refuses those that it cannot: this one stays on the machine that makes it. Postgres
-- alone knows no such setting, and lets it be; a role that is no superuser may set it only by a call.
create function skip_statistics(partition regclass, parent regclass) returns void
language plpgsql as $$
declare
  column_name text;
  -- Null where it is unknown, and empty once it has been set there.
  before text := current_setting('citus.enable_ddl_propagation', true);
begin
  perform set_config('citus.enable_ddl_propagation', 'off', true);
  -- Up to Postgres 16 system columns have the target 0, too.
  for column_name in select attname from pg_attribute
    where attrelid = parent and attnum > 0 and not attisdropped and attstattarget = 0 loop
    execute format('alter table %s alter column %I set statistics 0', partition, column_name);
  end loop;
  perform set_config('citus.enable_ddl_propagation', coalesce(nullif(before, ''), 'on'), true);
end $$;

-- The same as before, with that.
create or replace function ensure_partitions(day date) returns void
language plpgsql as $$
declare
  t record;
  partition text;
begin
  perform pg_advisory_xact_lock(hashtext('ollagraph.partitions'));
  for t in select * from partitioned_tables loop
    partition := t.name || '_' || to_char(day, 'YYYYMMDD');
    if to_regclass(partition) is null then
      execute format('create table %I partition of %I for values from (%L) to (%L) with (fillfactor = %s)',
        partition, t.name, id_floor(t.prefix, day), id_floor(t.prefix, day + 1), t.filled);
      -- A partition does not inherit them.
      perform skip_statistics(partition::regclass, t.name::regclass);
    end if;
  end loop;
end $$;
