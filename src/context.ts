import type pg from 'pg';
import { PgBoss } from 'pg-boss';
import type { Config } from './config.ts';
import { openDatabase, UNHURRIED_MS } from './database/connection.ts';
import type { Db } from './database/tables.ts';
import { createEgress, type Egress } from './egress/index.ts';
import { EmbeddedError, lockInstance, startEmbedded } from './database/embedded/server.ts';
import { createLog, type Log } from './log.ts';
import { Notifications } from './database/notifications.ts';
import { migrate } from './database/migrate.ts';
import { executor, QUEUE_OPTIONS } from './database/queue.ts';

/** What every part of the process is handed: no globals, no feature inside. */
export interface Context {
  config: Config;
  databaseUrl: string;
  db: Db;
  /** The connections that `db` uses. */
  pool: pg.Pool;
  boss: PgBoss;
  notifications: Notifications;
  egress: Egress;
  log: Log;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens the database (starting an embedded one where none is configured), migrates it, and builds the context. Throws
 * EmbeddedError with a sentence for the operator, or what pg threw.
 */
export async function createContext(config: Config, log: Log = createLog(config.logLevel)): Promise<Context> {
  await using stack = new AsyncDisposableStack();
  const databaseUrl = config.databaseUrl ?? (await openEmbedded(config, log, stack));
  const { db, pool } = stack.use(
    openDatabase(databaseUrl, config.databasePool, (error) =>
      log.warn({ err: error }, 'a database connection broke'),
    ),
  );
  const applied = await migrateFirst(databaseUrl, log);
  if (applied.length > 0) log.info({ applied }, 'migrated the database');
  const boss = new PgBoss({
    db: executor(pool),
    migrate: false,
    ...QUEUE_OPTIONS,
    superviseIntervalSeconds: 1,
    // How often lost heartbeats are looked for; by default a minute, which a killed worker's slices would wait.
    monitorIntervalSeconds: 2,
    supervise: config.roles.includes('worker'),
  });
  boss.on('error', (error) => log.warn({ err: error }, 'the queue reported an error'));
  boss.on('warning', (warning) => log.debug({ warning: warning.message }, 'the queue reported a warning'));
  await boss.start();
  stack.defer(() => boss.stop({ close: false, graceful: false }));
  const notifications = new Notifications(config.databaseListen ? databaseUrl : null, log);
  await notifications.start();
  stack.defer(() => notifications.close());
  const egress = createEgress({
    allowTargets: config.allowPrivateTargets,
    allowWebhooks: config.allowPrivateWebhooks,
    dnsServers: config.dnsServers,
  });
  stack.defer(() => egress.close());
  const owned = stack.move();
  return {
    config,
    databaseUrl,
    db,
    pool,
    boss,
    notifications,
    egress,
    log,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** On connections of its own: a migration may take as long as it needs. */
async function migrateFirst(databaseUrl: string, log: Log): Promise<string[]> {
  await using database = openDatabase(
    databaseUrl,
    2,
    (error) => log.warn({ err: error }, 'a database connection broke'),
    UNHURRIED_MS,
  );
  return await migrate(database);
}

async function openEmbedded(config: Config, log: Log, stack: AsyncDisposableStack): Promise<string> {
  const embedded = await startEmbedded(config.dataDir, log);
  try {
    const lock = await lockInstance(embedded.url, config.dataDir);
    stack.defer(() => embedded.close());
    stack.defer(() => lock.close());
  } catch (error) {
    if (!(error instanceof EmbeddedError)) await embedded.close();
    throw error;
  }
  return embedded.url;
}
