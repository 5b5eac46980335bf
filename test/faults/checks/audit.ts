import type { CrashablePostgres } from '../rig/postgres.ts';

/**
 * Makes the database record every status change of jobs and pages, so that the checker can find
 * repeated ones.
 */
export async function auditTransitions({ query }: CrashablePostgres): Promise<void> {
  await query(`
    create schema faults;
    create table faults.transitions (job_id text, ordinal integer, from_state text, to_state text);
    create function faults.note_job() returns trigger language plpgsql as $$
      begin insert into faults.transitions values (new.id, null, old.status, new.status); return null; end $$;
    create function faults.note_page() returns trigger language plpgsql as $$
      begin insert into faults.transitions values (new.job_id, new.ordinal, old.status, new.status); return null; end $$;
    create trigger faults_note after update on jobs for each row when (old.status is distinct from new.status)
      execute function faults.note_job();
    create trigger faults_note after update on pages for each row when (old.status is distinct from new.status or old.fragment <> new.fragment)
      execute function faults.note_page();
  `);
}
