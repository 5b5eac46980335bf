import type { Db } from '../../src/database/tables.ts';
import type { Site } from './site.ts';

/**
 * When the site's host may next be fetched from: milliseconds since 1970 by the database's clock.
 */
export async function hostClock(db: Db, site: Site): Promise<number> {
  const { next_allowed_at } = await db
    .selectFrom('hosts')
    .select('next_allowed_at')
    .where('host', '=', new URL(site.origin).host)
    .executeTakeFirstOrThrow();
  return next_allowed_at.getTime();
}
