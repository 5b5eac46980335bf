-- The jobs that have an end and have not ended. Workers look here for those whose time is up: on
-- several database machines without asking any but the coordinator, so that one that is away keeps
-- no other job from ending. Written by src/jobs.
create table job_deadlines (
  account_id text collate "C" not null,
  job_id     text collate "C" not null,
  due_at     timestamptz not null,      -- jobs.finish_by, or when to look again
  primary key (account_id, job_id)
);
create index job_deadlines_due on job_deadlines (due_at);

insert into job_deadlines
select account_id, id, finish_by from jobs where finished_at is null and finish_by is not null;
drop index jobs_finish_by;
