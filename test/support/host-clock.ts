import type { Db } from '../../src/database/tables.ts';
import type { Site } from './site.ts';

/**
 * When the accounts may next fetch from the host of the site, in milliseconds since 1970, by the
 * database's clock.
 */
export async function hostClock(db: Db, site: Site): Promise<number> {
  const { host } = new URL(site.origin);
  const clocks = await Promise.all(
    (['hosts', 'account_hosts'] as const).map(
      async (table) =>
        await db.selectFrom(table).select('next_allowed_at').where('host', '=', host).execute(),
    ),
  );
  return Math.max(...clocks.flat().map(({ next_allowed_at }) => Number(next_allowed_at)));
}
