import type { Command } from 'commander';
import { restoreBackup, writeBackup } from '../../database/backup.ts';
import { migrate } from '../../database/migrate.ts';
import { openDatabaseSession, openMigratedSession } from './database-session.ts';
import { CliError } from '../failure.ts';
import { print } from '../output.ts';

/**
 * Aborts when the command is told to end, so that it can clear up. A second signal ends it at once.
 */
function untilSignalled(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => stop.abort(new CliError(`Ended by ${name}. Nothing was done.`)));
  return stop.signal;
}

/** `backup` and `restore`. */
export function addBackup(program: Command): void {
  program
    .command('backup')
    .description('write all data to a file, as of one moment; beside a running service too')
    .argument('<file>', 'replaced when the backup is complete')
    .action(async (file: string, _options, command: Command) => {
      const signal = untilSignalled();
      await using session = await openMigratedSession();
      await writeBackup(session.pool, file, signal);
      print(command, { file }, `The backup is in ${file}. Keep SECRET_KEY apart from it.`);
    });

  program
    .command('restore')
    .description('load a backup into a new database, before the first start')
    .argument('<file>', 'made by `backup`, with the same version')
    .action(async (file: string, _options, command: Command) => {
      const signal = untilSignalled();
      await using session = await openDatabaseSession();
      await migrate(session);
      await restoreBackup(session.pool, file, signal);
      print(command, { file }, `${file} is restored. Start the service with the same SECRET_KEY.`);
    });
}
