-- People with the role ollagraph_readonly read every view of the operators, those too that came or
-- were made again after the role.
do $$ begin
  grant select on all tables in schema admin to ollagraph_readonly;
exception when undefined_object or insufficient_privilege then
  raise notice 'the role ollagraph_readonly may not read all views of the schema admin: grant it that';
end $$;
