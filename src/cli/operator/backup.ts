import type { Command } from 'commander';
import { restoreBackup, writeBackup } from '../../database/backup.ts';
import { migrate } from '../../database/migrate.ts';
import { openDatabaseSession, openMigratedSession } from './database-session.ts';
import { print } from '../output.ts';

/** `backup` and `restore`. */
export function addBackup(program: Command): void {
  program
    .command('backup')
    .description('write all data to a file, as of one moment; beside a running service too')
    .argument('<file>', 'replaced when the backup is complete')
    .action(async (file: string, _options, command: Command) => {
      await using session = await openMigratedSession();
      await writeBackup(session.pool, file);
      print(command, { file }, `The backup is in ${file}. Keep SECRET_KEY apart from it.`);
    });

  program
    .command('restore')
    .description('load a backup into a new database, before the first start')
    .argument('<file>', 'made by `backup`, with the same version')
    .action(async (file: string, _options, command: Command) => {
      await using session = await openDatabaseSession();
      await migrate(session);
      await restoreBackup(session.pool, file);
      print(command, { file }, `${file} is restored. Start the service with the same SECRET_KEY.`);
    });
}
