import type { Command } from 'commander';
import { restoreBackup, writeBackup } from '../../database/backup.ts';
import { migrate } from '../../database/migrate.ts';
import { openDatabaseSession, openMigratedSession } from './database-session.ts';
import { CliError } from '../failure.ts';
import { untilSignalled } from '../signals.ts';
import { print } from '../output.ts';

const ENDS = ['SIGINT', 'SIGTERM'] as const;
const ended = (name: string) => new CliError(`Ended by ${name}. Nothing was done.`);

/** `backup` and `restore`. */
export function addBackup(program: Command): void {
  program
    .command('backup')
    .description('write all data to a file, as of one moment; beside a running service too')
    .argument('<file>', 'replaced when the backup is complete')
    .action(async (file: string, _options, command: Command) => {
      using stop = untilSignalled(ENDS, ended);
      await using session = await openMigratedSession(command);
      await writeBackup(session.pool, file, stop.signal);
      print(command, { file }, `The backup is in ${file}. Keep SECRET_KEY apart from it.`);
    });

  program
    .command('restore')
    .description('load a backup into a new database, before the first start')
    .argument('<file>', 'made by `backup`, with the same version')
    .action(async (file: string, _options, command: Command) => {
      using stop = untilSignalled(ENDS, ended);
      await using session = await openDatabaseSession(command);
      await migrate(session);
      await restoreBackup(session.pool, file, stop.signal);
      print(command, { file }, `${file} is restored. Start the service with the same SECRET_KEY.`);
    });
}
