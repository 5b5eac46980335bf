import { readdir, readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { Migrator, type Migration, type MigrationProvider } from 'kysely/migration';
import { PgBoss } from 'pg-boss';
import type { Database, Db } from './database.ts';
import { createQueues, executor, QUEUE_OPTIONS } from './queue.ts';

const folder = new URL('../db/', import.meta.url);

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

const migrator = (db: Db) => new Migrator({ db, provider: migrations });

/**
 * Brings the schema up to date: ours, pg-boss's, and the queues. Several processes may call it at once: Kysely and pg-boss
 * each hold a lock. Returns the names of what was applied. Throws when a migration fails, and then nothing of it stays.
 */
export async function migrate({ db, pool }: Pick<Database, 'db' | 'pool'>): Promise<string[]> {
  const boss = new PgBoss({ db: executor(pool), supervise: false, ...QUEUE_OPTIONS, registerInstance: false });
  // First: the views of db/ read the queue.
  await boss.start();
  try {
    await createQueues(boss);
  } finally {
    await boss.stop({ close: false });
  }
  const { error, results } = await migrator(db).migrateToLatest();
  if (error) throw new Error('a migration failed', { cause: error });
  return (results ?? []).map((r) => r.migrationName);
}

/** The migrations that the database has not seen yet. */
export async function pendingMigrations(db: Db): Promise<string[]> {
  const all = await migrator(db).getMigrations();
  return all.filter((m) => m.executedAt === undefined).map((m) => m.name);
}
