-- An id is a prefix, the creation time in milliseconds as 12 hex digits, and 12 random hex digits.
-- Ids sort by time, so every high-volume table is partitioned by the day inside its id: a lookup by
-- id reads one partition, a list reads the newest first, and retention drops whole days.

-- The smallest id with this prefix that can be made on this day (UTC).
create function id_floor(prefix text, day date) returns text
language sql immutable strict as $$
  select prefix || lpad(to_hex((extract(epoch from day::timestamp) * 1000)::bigint), 12, '0')
$$;

-- The tables that are partitioned by day.
create table partitioned_tables (
  name   text primary key,
  prefix text not null,    -- of the id that carries the day
  filled integer not null  -- the fillfactor of its partitions, in percent
);

-- Creates the missing partitions of `day` (UTC). Several processes may call it at once.
create function ensure_partitions(day date) returns void
language plpgsql as $$
declare
  t record;
  partition text;
  column_name text;
begin
  perform pg_advisory_xact_lock(hashtext('ollagraph.partitions'));
  for t in select * from partitioned_tables loop
    partition := t.name || '_' || to_char(day, 'YYYYMMDD');
    if to_regclass(partition) is null then
      execute format('create table %I partition of %I for values from (%L) to (%L) with (fillfactor = %s)',
        partition, t.name, id_floor(t.prefix, day), id_floor(t.prefix, day + 1), t.filled);
      -- A partition does not inherit which columns ANALYZE skips. Up to Postgres 16 system columns
      -- have the target 0, too.
      for column_name in select attname from pg_attribute
        where attrelid = t.name::regclass and attnum > 0 and not attisdropped and attstattarget = 0 loop
        execute format('alter table %I alter column %I set statistics 0', partition, column_name);
      end loop;
    end if;
  end loop;
end $$;
