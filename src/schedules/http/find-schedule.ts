import type { DbOrTx, Tx } from '../../database/tables.ts';
import { notFound } from '../../service-error.ts';
import { findSchedule, lockSchedule, type Schedule } from '../schedules.ts';

/** One of the account's schedules. Throws ServiceError `not_found`. */
export async function requireSchedule(db: DbOrTx, accountId: string, id: string): Promise<Schedule> {
  const schedule = await findSchedule(db, accountId, id);
  if (!schedule) throw notFound('schedule');
  return schedule;
}

/** The same, locked until the caller's transaction ends. */
export async function requireLocked(tx: Tx, accountId: string, id: string): Promise<Schedule> {
  const schedule = await lockSchedule(tx, accountId, id);
  if (!schedule) throw notFound('schedule');
  return schedule;
}
