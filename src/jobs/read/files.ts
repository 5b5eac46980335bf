import { sql, type Selectable } from 'kysely';
import type { DbOrTx, FilesTable } from '../../database/tables.ts';
import type { Job } from './jobs.ts';

/** A file of a job without its content. */
export type FileRow = Pick<Selectable<FilesTable>, 'name' | 'type' | 'sha256' | 'bytes'>;

/** How much of a file is in memory at a time. */
const PIECE_BYTES = 256 * 1024;

/** One of the job's files; null where it has none of that name. */
export async function findFile(db: DbOrTx, job: Job, name: string): Promise<FileRow | null> {
  const file = await db
    .selectFrom('files')
    .select(['name', 'type', 'sha256', 'bytes'])
    .where('account_id', '=', job.account_id)
    .where('job_id', '=', job.id)
    .where('name', '=', name)
    .executeTakeFirst();
  return file ?? null;
}

/** The bytes of a file from `start` to `end`, both included, in pieces. A file never changes. */
export async function* readFileBytes(
  db: DbOrTx,
  job: Job,
  { name, start, end }: { name: string; start: number; end: number },
): AsyncGenerator<Buffer> {
  for (let at = start; at <= end; at += PIECE_BYTES) {
    const { rows } = await sql<{ piece: Buffer }>`
      select substring(content from ${at + 1}::int for ${Math.min(PIECE_BYTES, end + 1 - at)}::int) as piece
      from files
      where account_id = ${job.account_id} and job_id = ${job.id} and name = ${name}`.execute(db);
    if (!rows[0]) throw new Error('a file was dropped while it was read');
    yield rows[0].piece;
  }
}
