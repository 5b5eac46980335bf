import { sql } from 'kysely';
import type { SecretBox } from '../../accounts/secrets.ts';
import type { Tx } from '../../database/tables.ts';
import { CookieSession } from '../../egress/index.ts';
import type { Job } from '../../jobs/read/jobs.ts';

/** The cookies of a job's session as its row keeps them, opened. */
export function openSession(box: SecretBox, accountId: string, stored: string | null): string | null {
  return stored === null ? null : box.open(stored, accountId);
}

/**
 * Adds the cookies that sites have set in this thread to the stored session of a locked job, to
 * which other threads add, too. Returns what to do once the transaction has committed.
 */
export async function keepSession(
  tx: Tx,
  box: SecretBox,
  { account_id, id, session: stored }: Job,
  session: CookieSession | null,
): Promise<() => void> {
  const news = [...(session?.news ?? [])];
  if (session === null || news.length === 0) return () => {};
  const merged = CookieSession.merge(openSession(box, account_id, stored), news);
  await sql`update jobs set session = ${box.seal(merged, account_id)}
    where account_id = ${account_id} and id = ${id}`.execute(tx);
  return () => session.absorb(merged, news);
}
