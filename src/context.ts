import type pg from 'pg';
import { PgBoss } from 'pg-boss';
import type { Config } from './config/index.ts';
import { explainConnection } from './database/connect/connection-error.ts';
import { openDatabase, UNHURRIED_MS, type Database } from './database/connect/connection.ts';
import type { EmbeddedError } from './database/embedded/error.ts';
import { openEmbedded } from './database/embedded/server.ts';
import { migrate } from './database/migrate.ts';
import { Notifications } from './database/notifications.ts';
import { DatabaseOutage } from './database/connect/outage.ts';
import { executor, queueError, QUEUE_OPTIONS } from './database/queue.ts';
import { reachDatabase } from './database/connect/reach.ts';
import type { Db } from './database/tables.ts';
import { createEgress, parseUpstream, PROXY_MS, type Egress, type Via } from './egress/index.ts';
import { createLog, type Log } from './log.ts';

/** What every part of the process is given: no globals, no feature inside. */
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
  /** Resolves when the process cannot go on: its embedded Postgres is lost. */
  failed: Promise<EmbeddedError>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ContextOptions {
  log?: Log;
  /** Has the log's errors of an absent database reported as one. */
  outage?: DatabaseOutage;
  /** Ends the wait for a database that is starting. */
  signal?: AbortSignal;
}

/**
 * Besides its pool, the process listens, supervises, probes and migrates; a worker thread has two
 * connections.
 */
const OTHER_CONNECTIONS = 4;
const THREAD_CONNECTIONS = 2;

/**
 * Opens the database (the embedded one where none is configured), migrates it, and builds the
 * context. Waits up to 30 s for a database that is starting. Throws a ConnectionError,
 * EmbeddedError or SchemaError with a line for the operator.
 */
export async function createContext(config: Config, options: ContextOptions = {}): Promise<Context> {
  const { log = createLog(config.logLevel), outage, signal } = options;
  await using stack = new AsyncDisposableStack();
  const embedded = config.databaseUrl === undefined ? await openEmbedded(config.dataDir, log) : null;
  stack.defer(() => embedded?.close());
  const databaseUrl = await reachDatabase(embedded?.url ?? config.databaseUrl!, {
    wait: log,
    connections: connectionsOf(config),
    signal,
  });
  outage?.watch(databaseUrl, log);
  stack.defer(() => outage?.unwatch());
  const onError = (error: Error) => log.warn({ err: error }, 'database connection broke');
  const main = { max: config.databasePool, onError, prepares: config.databaseListen };
  const { db, pool } = stack.use(openDatabase(databaseUrl, main));
  await migrateFirst(databaseUrl, onError, log);
  const boss = stack.adopt(await startQueue(config, pool, log), (started) =>
    started.stop({ close: false, graceful: false }),
  );
  const notifications = new Notifications(config.databaseListen ? databaseUrl : null, log);
  await notifications.start();
  stack.defer(() => notifications.close());
  const egress = createEgress({
    allowTargets: config.allowPrivateTargets,
    allowWebhooks: config.allowPrivateWebhooks,
    dnsServers: config.dnsServers,
    webhookVia: webhookVia(config),
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
    failed: embedded?.failed ?? new Promise(() => {}),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Half of an attempt's time is left for the receiver. */
function webhookVia({ webhookProxy, webhookTimeoutMs }: Config): Via | undefined {
  const upstream = webhookProxy === undefined ? null : parseUpstream(webhookProxy);
  return upstream ? { upstream, timeoutMs: Math.min(PROXY_MS, webhookTimeoutMs / 2) } : undefined;
}

function connectionsOf({ roles, databasePool, workerThreads }: Config): number {
  const threads = roles.includes('worker') ? workerThreads + 1 : 0;
  return databasePool + threads * THREAD_CONNECTIONS + OTHER_CONNECTIONS;
}

/** On connections of its own: a migration may take as long as it needs. */
async function migrateFirst(url: string, onError: (error: Error) => void, log: Log): Promise<void> {
  await using database: Database = openDatabase(url, { max: 2, onError, queryTimeoutMs: UNHURRIED_MS });
  try {
    const applied = await migrate(database);
    if (applied.length > 0) log.info({ applied }, 'migrated the database');
  } catch (error) {
    // What Postgres says of a database that cannot be migrated is for the operator.
    throw error instanceof Error && 'severity' in error ? explainConnection(url, error) : error;
  }
}

async function startQueue(config: Config, pool: pg.Pool, log: Log): Promise<PgBoss> {
  const boss = new PgBoss({
    db: executor(pool),
    migrate: false,
    ...QUEUE_OPTIONS,
    // It counts all entries each time, so it does so once a minute, and where slices are lost: see
    // service/lost-slices.ts.
    superviseIntervalSeconds: 60,
    monitorIntervalSeconds: 2,
    supervise: config.roles.includes('worker'),
  });
  boss.on('error', (error) => log.warn({ err: queueError(error) }, 'queue reported an error'));
  boss.on('warning', (warning) => log.debug({ warning: warning.message }, 'queue reported a warning'));
  await boss.start();
  return boss;
}
