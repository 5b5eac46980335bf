import type { Command } from 'commander';
import { addDoctor } from '../doctor.ts';
import { addBackup } from './backup.ts';
import { addAccounts } from './accounts.ts';
import { addKeys } from './keys.ts';
import { addMigrate } from './migrate.ts';
import { addSecrets } from './secrets.ts';
import { addSql } from './sql.ts';

/** Adds the commands that open the database. */
export function addOperatorCommands(program: Command): void {
  program.commandsGroup(
    'For operators, on DATABASE_URL or the embedded database, beside a running service too:',
  );
  for (const add of [addMigrate, addAccounts, addKeys, addSecrets, addBackup, addSql]) add(program);
  program.commandsGroup('For both:');
  addDoctor(program);
}
