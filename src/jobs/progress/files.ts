import { sql } from 'kysely';
import { bytea, int, largeBytea, rows, text } from '../../database/rows.ts';
import type { Tx } from '../../database/tables.ts';
import type { Job } from '../read/jobs.ts';

/** A file of a job, ready to be stored. */
export interface JobFile {
  /** Unique within the job. */
  name: string;
  type: string;
  sha256: Buffer;
  content: Uint8Array;
}

/** Stores the files of pages that settle in this transaction. */
export async function insertFiles(
  tx: Tx,
  job: Job,
  pages: { ordinal: number; files?: JobFile[] }[],
): Promise<void> {
  const all = pages.flatMap(({ ordinal, files = [] }) => files.map((file) => ({ ...file, ordinal })));
  if (all.length === 0) return;
  const files = rows(all, {
    name: text((file) => file.name),
    ordinal: int((file) => file.ordinal),
    type: text((file) => file.type),
    sha256: bytea((file) => file.sha256),
    content: largeBytea((file) => file.content),
  });
  await sql`
    insert into files (account_id, job_id, ${files.columns})
    select ${job.account_id}, ${job.id}, * from ${files.as('f')}`.execute(tx);
}
