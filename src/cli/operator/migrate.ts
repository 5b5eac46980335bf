import type { Command } from 'commander';
import { migrate, migrationScript } from '../../database/migrate.ts';
import { openDatabaseSession } from './database-session.ts';
import { invocationOf } from '../invocation.ts';
import { print } from '../output.ts';

/** `migrate`: what a platform runs in its release phase. */
export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the database up to date')
    .option('--print', 'print the SQL for an empty database instead, for psql -f')
    .action(async (options: { print?: true }, command: Command) => {
      if (options.print) {
        invocationOf(command).stdout.write(await migrationScript());
        return;
      }
      await using session = await openDatabaseSession(command);
      const applied = await migrate(session);
      const text = applied.map((name) => `applied ${name}`).join('\n');
      print(command, { applied }, text === '' ? 'The database is up to date.' : text);
    });
}
