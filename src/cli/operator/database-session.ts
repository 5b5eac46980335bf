import type { Command } from 'commander';
import { readConfig, type Config } from '../../config/index.ts';
import { openDatabase, type Database } from '../../database/connect/connection.ts';
import { visitEmbedded } from '../../database/embedded/server.ts';
import { pendingMigrations } from '../../database/migrate.ts';
import { reachDatabase } from '../../database/connect/reach.ts';
import { CliError } from '../failure.ts';
import { invocationOf } from '../invocation.ts';

/** The service's database for the length of one command. */
export interface DatabaseSession extends Database, AsyncDisposable {
  config: Config;
  url: string;
  /** The database was started for this command and stops with it. */
  temporary: boolean;
}

/**
 * Connects the command to DATABASE_URL, or to the embedded Postgres: the running service's own, or
 * one started for this command.
 */
export async function openDatabaseSession(command: Command): Promise<DatabaseSession> {
  return await visitDatabase(readConfig(invocationOf(command).env));
}

/** The same with a configuration that has been read. */
export async function visitDatabase(config: Config): Promise<DatabaseSession> {
  await using stack = new AsyncDisposableStack();
  let url = config.databaseUrl;
  let temporary = false;
  if (url === undefined) {
    const embedded = await visitEmbedded(config.dataDir);
    stack.defer(() => embedded.close());
    ({ url, temporary } = embedded);
  }
  url = await reachDatabase(url);
  // An error of an idle connection is reported by the next query. A command takes the time that it
  // needs; besides, the driver forgets to stop the clock of a COPY, and a running clock keeps the
  // process from ending.
  const database = stack.use(openDatabase(url, { max: 2, onError: () => {}, queryTimeoutMs: 0 }));
  const owned = stack.move();
  return { ...database, config, url, temporary, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The same, and refuses a database whose schema is older than this version. */
export async function openMigratedSession(command: Command): Promise<DatabaseSession> {
  await using stack = new AsyncDisposableStack();
  const session = stack.use(await openDatabaseSession(command));
  if ((await pendingMigrations(session.db)).length > 0)
    throw new CliError('The database is not up to date. Start the service, or run: npm run migrate');
  const owned = stack.move();
  return { ...session, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
