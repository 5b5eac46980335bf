import { readdir, readFile } from 'node:fs/promises';
import { Kysely, PostgresAdapter, PostgresDialect, sql } from 'kysely';
import { Migrator, type Migration, type MigrationProvider } from 'kysely/migration';
import type pg from 'pg';
import { PgBoss } from 'pg-boss';
import type { Database } from './connection.ts';
import type { DbOrTx } from './tables.ts';
import { createQueues, executor, QUEUE_OPTIONS } from './queue.ts';

const folder = new URL('../../db/', import.meta.url);

/** The database is of a version that this program does not know. */
export class SchemaError extends Error {
  override name = 'SchemaError';
}

/** The forward-only migrations: every db/NNNN_name.sql, in the order of the names. */
const migrations: MigrationProvider = {
  async getMigrations() {
    const found: Record<string, Migration> = {};
    for (const file of await readdir(folder)) {
      if (!/^\d{4}_\w+\.sql$/.test(file)) continue;
      const text = await readFile(new URL(file, folder), 'utf8');
      found[file.replace('.sql', '')] = { up: async (db) => void (await sql.raw(text).execute(db)) };
    }
    return found;
  },
};

const migrator = (db: DbOrTx) => new Migrator({ db, provider: migrations });

/**
 * Brings the schema up to date: ours, pg-boss's, and the queues. Several processes may call it at once: one does it, the others wait.
 * Returns the names of what was applied. Throws when a migration fails, and then nothing of it stays; a SchemaError where
 * the database is newer than this program.
 */
export async function migrate({ db, pool }: Pick<Database, 'db' | 'pool'>): Promise<string[]> {
  await refuseNewer(db);
  const boss = new PgBoss({
    db: executor(pool),
    supervise: false,
    registerInstance: false,
    ...QUEUE_OPTIONS,
  });
  // First: the views of db/ read the queue.
  await boss.start();
  try {
    await createQueues(boss);
  } finally {
    await boss.stop({ close: false });
  }
  return await applyPending(pool);
}

/**
 * One transaction with a lock of its own. Kysely's is the session's: behind a pooler in transaction mode it would be taken on
 * one connection and given back on another.
 */
async function applyPending(pool: pg.Pool): Promise<string[]> {
  const db = new Kysely<unknown>({ dialect: new UnlockedDialect({ pool }) });
  return await db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtext('ollagraph.migrations'))`.execute(tx);
    const { error, results } = await new Migrator({ db: tx, provider: migrations }).migrateToLatest();
    if (error) throw new Error('a migration failed', { cause: error });
    return (results ?? []).map((r) => r.migrationName);
  });
}

class UnlockedDialect extends PostgresDialect {
  override createAdapter(): PostgresAdapter {
    return new UnlockedAdapter();
  }
}

class UnlockedAdapter extends PostgresAdapter {
  override async acquireMigrationLock(): Promise<void> {}
  override async releaseMigrationLock(): Promise<void> {}
}

/** Going back to an earlier version is not foreseen: it would write rows that the later one does not understand. */
async function refuseNewer(db: DbOrTx): Promise<void> {
  const { rows: tables } = await sql<{
    there: boolean;
  }>`select to_regclass('kysely_migration') is not null as there`.execute(db);
  if (!tables[0]?.there) return;
  const known = Object.keys(await migrations.getMigrations());
  const { rows } = await sql<{ name: string }>`
    select name from kysely_migration where name <> all(${known}::text[]) order by name`.execute(db);
  if (rows.length === 0) return;
  const names = rows.map(({ name }) => name).join(', ');
  throw new SchemaError(
    `The database is of a newer version: it has ${names}, which this program does not know. Run that version, or restore a backup from before.`,
  );
}

/** The migrations that the database has not seen yet. Throws a SchemaError where it is newer than this program. */
export async function pendingMigrations(db: DbOrTx): Promise<string[]> {
  await refuseNewer(db);
  const all = await migrator(db).getMigrations();
  return all.filter((m) => m.executedAt === undefined).map((m) => m.name);
}
