import { sql } from 'kysely';
import type pg from 'pg';
import { getConstructionPlans, PgBoss } from 'pg-boss';
import type { Database } from './connect/connection.ts';
import { readMigrations, type Migration } from './migrations.ts';
import { createQueues, executor, QUEUE_OPTIONS, QUEUE_SCHEMA } from './queue.ts';
import type { Db, DbOrTx } from './tables.ts';
import { OperatorError } from '../operator-error.ts';

/** The database is not one that this version can use. The message is one line for the operator. */
export class SchemaError extends OperatorError {
  override name = 'SchemaError';
}

/**
 * Brings the schema up to date: the queue's tables, ours, and the queues. Several processes may
 * call it at once: one does it, the others wait. Returns the names of the migrations that it
 * applied. Throws a SchemaError where the database is of another version, or what Postgres threw;
 * then no migration is half applied.
 */
export async function migrate({ db, pool }: Pick<Database, 'db' | 'pool'>): Promise<string[]> {
  await pendingMigrations(db);
  await createQueueSchema(db);
  // First, since the views of db/ read the queue.
  await installQueue(pool);
  return await applyPending(db);
}

/**
 * The names of the migrations that the database has not seen yet. Throws a SchemaError where it has
 * others than this version, or the same with another content.
 */
export async function pendingMigrations(db: DbOrTx): Promise<string[]> {
  return (await compare(db)).map(({ name }) => name);
}

/**
 * All migrations as one script that psql applies to an empty database, as the service's user would.
 */
export async function migrationScript(): Promise<string> {
  const parts = [
    `do $$ begin if to_regnamespace('${QUEUE_SCHEMA}') is null ` +
      `then create schema ${QUEUE_SCHEMA}; end if; end $$;`,
    getConstructionPlans(QUEUE_SCHEMA, { createSchema: false }),
    'begin;',
    `${CREATE_TABLE};`,
  ];
  for (const { name, checksum, sql: text } of await readMigrations())
    parts.push(text, `insert into schema_migrations (name, checksum) values ('${name}', '${checksum}');`);
  return `${[...parts, 'commit;'].join('\n\n')}\n`;
}

const CREATE_TABLE = `create table if not exists schema_migrations (
  name       text collate "C" primary key,
  checksum   text not null,
  applied_at timestamptz not null default now()
)`;

async function applyPending(db: Db): Promise<string[]> {
  return await db.transaction().execute(async (tx) => {
    await lockMigrations(tx);
    await sql.raw(CREATE_TABLE).execute(tx);
    const pending = await compare(tx);
    for (const { name, checksum, sql: text } of pending) {
      await sql.raw(text).execute(tx);
      await sql`insert into schema_migrations (name, checksum) values (${name}, ${checksum})`.execute(tx);
    }
    return pending.map(({ name }) => name);
  });
}

/** A transaction's lock: a session's would not hold behind a pooler in transaction mode. */
async function lockMigrations(tx: DbOrTx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('ollagraph.migrations'))`.execute(tx);
}

/** Compares the files with what was applied, and returns those to apply. Throws a SchemaError. */
async function compare(db: DbOrTx): Promise<Migration[]> {
  const found = await sql<{ current: boolean; earlier: boolean }>`
    select to_regclass('schema_migrations') is not null as current,
      to_regclass('kysely_migration') is not null and to_regclass('outbox') is not null as earlier`.execute(
    db,
  );
  const { current, earlier } = found.rows[0]!;
  if (!current && earlier)
    throw new SchemaError(
      'The database was made by a version before 0.1, whose tables this version cannot take over. ' +
        'Keep it with that version, and start this one on a new database: another DATA_DIR or ' +
        'DATABASE_URL.',
    );
  const migrations = await readMigrations();
  if (!current) return migrations;
  const applied = await sql<{ name: string; checksum: string }>`
    select name, checksum from schema_migrations order by name`.execute(db);
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  const foreign = applied.rows.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (foreign.length > 0)
    throw new SchemaError(
      `The database is of a newer version: it has ${foreign.join(', ')}, which this version does ` +
        'not know. Run that version, or restore a backup from before.',
    );
  const changed = applied.rows.filter(({ name, checksum }) => known.get(name)!.checksum !== checksum);
  if (changed.length > 0)
    throw new SchemaError(
      `The database is of another version: its ${changed.map(({ name }) => name).join(', ')} ` +
        'differs from the file in db/. Run the version that made it, or start this one on a new ' +
        'database: another DATA_DIR or DATABASE_URL.',
    );
  const seen = new Set(applied.rows.map(({ name }) => name));
  return migrations.filter(({ name }) => !seen.has(name));
}

/**
 * Creates the schema of the queue, unless an administrator has: `if not exists` would ask for
 * CREATE on the database.
 */
async function createQueueSchema(db: Db): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lockMigrations(tx);
    const { rows } = await sql<{ there: boolean }>`
      select to_regnamespace(${QUEUE_SCHEMA}) is not null as there`.execute(tx);
    if (!rows[0]!.there) await sql`create schema ${sql.id(QUEUE_SCHEMA)}`.execute(tx);
  });
}

async function installQueue(pool: pg.Pool): Promise<void> {
  const boss = new PgBoss({
    db: executor(pool),
    supervise: false,
    registerInstance: false,
    ...QUEUE_OPTIONS,
  });
  await boss.start();
  try {
    await createQueues(boss);
  } finally {
    await boss.stop({ close: false });
  }
}
