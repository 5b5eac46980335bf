import { Command } from 'commander';
import { addAccounts } from './cli/accounts.ts';
import { explain } from './cli/failure.ts';
import { addKeys } from './cli/keys.ts';
import { addMigrate } from './cli/migrate.ts';
import { addSecrets } from './cli/secrets.ts';
import { addSql } from './cli/sql.ts';

const program = new Command('ollagraph')
  .description(
    'Operate Ollagraph. The commands work on DATABASE_URL or the embedded database, beside a running service too.',
  )
  .option('--json', 'print JSON')
  .showHelpAfterError('(see --help)')
  .exitOverride();
for (const add of [addMigrate, addAccounts, addKeys, addSecrets, addSql]) add(program);

try {
  await program.parseAsync();
} catch (error) {
  const { exitCode, message } = explain(error);
  if (message !== null)
    console.error(program.opts<{ json?: boolean }>().json ? JSON.stringify({ error: message }) : `error: ${message}`);
  process.exitCode = exitCode;
}
