import { sql } from 'kysely';
import type { DbOrTx, Tx } from '../database/tables.ts';
import { newId } from '../ids.ts';
import type { JobContext } from '../jobs/http/context.ts';
import { claimIdempotencyKey, earlierId, type IdempotencyClaim } from '../jobs/idempotency.ts';
import { notFound, ServiceError } from '../service-error.ts';
import type { NewScheduleBody } from './http/schemas.ts';
import { databaseTime, findSchedule, startedAt, type Schedule, type ScheduleSettings } from './schedules.ts';
import { newSettings } from './settings.ts';

/** The most schedules of an account. */
export const MAX_SCHEDULES = 100;

/** Who makes a schedule, and the key by which the same request makes it once. */
type Maker = Pick<Schedule, 'account_id' | 'key_id'> & { idempotency: IdempotencyClaim | null };

/** What is asked for; `metadata`: that of the job in the body, as it came. */
interface GivenSchedule {
  body: NewScheduleBody;
  metadata: string | null;
}

/** `repeated`: the same request made it before. */
interface MadeSchedule {
  schedule: Schedule;
  repeated: boolean;
}

/**
 * Stores a schedule; its first run is at the next time. Where the same request made one before,
 * that is returned as it is now, and nothing is checked again. Throws ServiceError
 * `validation_failed`, `too_many_schedules`, `idempotency_mismatch` or `idempotency_busy`, or
 * `not_found` where the earlier one was deleted.
 */
export async function createSchedule(
  context: JobContext,
  maker: Maker,
  { body, metadata }: GivenSchedule,
): Promise<MadeSchedule> {
  const { db } = context;
  const { account_id, idempotency } = maker;
  const earlier = idempotency && (await earlierId(db, account_id, idempotency));
  if (earlier !== null) return await repeatedSchedule(db, account_id, earlier);
  const settings = await newSettings({ context, account_id, metadata }, body);
  return await db.transaction().execute(async (tx) => await store(tx, maker, settings));
}

async function repeatedSchedule(db: DbOrTx, accountId: string, id: string): Promise<MadeSchedule> {
  const schedule = await findSchedule(db, accountId, id);
  if (!schedule) throw notFound('schedule');
  return { schedule, repeated: true };
}

async function store(
  tx: Tx,
  { account_id, key_id, idempotency }: Maker,
  settings: ScheduleSettings,
): Promise<MadeSchedule> {
  const id = newId('sch');
  const earlier = idempotency && (await claimIdempotencyKey(tx, account_id, idempotency, id));
  if (earlier !== null) return await repeatedSchedule(tx, account_id, earlier);
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${account_id} schedules`}, 0))`.execute(tx);
  const { count } = await tx
    .selectFrom('schedules')
    .select((of) => of.fn.countAll<number>().as('count'))
    .where('account_id', '=', account_id)
    .executeTakeFirstOrThrow();
  if (count >= MAX_SCHEDULES)
    throw new ServiceError('too_many_schedules', `An account has at most ${MAX_SCHEDULES} schedules.`);
  const now = await databaseTime(tx);
  const schedule = await tx
    .insertInto('schedules')
    .values({ account_id, id, key_id, ...settings, ...startedAt(settings, now) })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { schedule, repeated: false };
}
