import { sql } from 'kysely';
import type { DbOrTx } from '../../database/tables.ts';

/** The most rows that a page shows of a view. */
export const VIEW_ROWS = 100;

/** A view of the schema `admin` with its own words for what it shows. */
export interface AdminView {
  comment: string;
  columns: string[];
  rows: Record<string, unknown>[];
}

/**
 * Reads the first rows of a view of db/0005_admin.sql, in its own order or by a column, the largest
 * first.
 */
export async function readView(db: DbOrTx, name: string, largest?: string): Promise<AdminView> {
  const view = `admin.${name}`;
  const order = largest === undefined ? sql`` : sql`order by ${sql.ref(largest)} desc nulls last`;
  const [about, found] = await Promise.all([
    sql<{ comment: string | null; columns: string[] }>`
      select obj_description(${view}::regclass) as comment,
        array(
          select attname::text from pg_attribute
          where attrelid = ${view}::regclass and attnum > 0 and not attisdropped
          order by attnum
        ) as columns`.execute(db),
    sql<Record<string, unknown>>`
      select * from ${sql.table(view)} ${order} limit ${VIEW_ROWS}`.execute(db),
  ]);
  const { comment, columns } = about.rows[0]!;
  return { comment: comment ?? '', columns, rows: found.rows };
}
