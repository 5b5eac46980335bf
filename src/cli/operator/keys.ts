import type { Command } from 'commander';
import { listAccounts } from '../../accounts/accounts.ts';
import { accountOfKey, createKey, listKeys, revokeKey } from '../../accounts/keys/keys.ts';
import type { DbOrTx } from '../../database/tables.ts';
import { KEY_SCOPES, type KeyScope } from '../../database/enumerations.ts';
import { eachOf, label, momentToCome, wholeNumber } from '../arguments.ts';
import { auditOperator } from './audit.ts';
import { openMigratedSession } from './database-session.ts';
import { CliError, EXIT } from '../failure.ts';
import { print, printList } from '../output.ts';

const WHICH = ['--account <id>', 'whose keys (may be left out while there is one account)'] as const;

interface NewKey {
  account?: string;
  name: string;
  scope?: KeyScope[];
  expires?: Date;
  creditLimit?: number;
}

/** `keys create|list|revoke`. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('the bearer keys of an account');

  keys
    .command('create')
    .description('make another key, which is shown once')
    .option(...WHICH)
    .requiredOption('--name <name>', 'what the key is for', label)
    .option(
      '--scope <scope>',
      `what it may do, where that is not all: ${KEY_SCOPES.join(', ')}; may be repeated`,
      eachOf(...KEY_SCOPES),
    )
    .option('--expires <when>', 'when it stops working: a time, or from now on, like 90d', momentToCome)
    .option('--credit-limit <n>', 'the most credits that its jobs may use, ever', wholeNumber(1, 1e12))
    .action(async (options: NewKey, command: Command) => {
      await using session = await openMigratedSession(command);
      const account_id = await accountId(session.db, options.account);
      const limits = {
        scopes: options.scope ?? KEY_SCOPES,
        expires_at: options.expires ?? null,
        credit_limit: options.creditLimit ?? null,
      };
      const { id, key } = await createKey(session.db, account_id, options.name, limits);
      await auditOperator(session.db, account_id, 'key.create', id);
      const text = `id   ${id}\nkey  ${key}\n\nThe key is not shown again.`;
      print(command, { key_id: id, account_id, name: options.name, ...limits, key }, text);
    });

  keys
    .command('list')
    .description('the keys of an account, newest first, revoked ones too')
    .option(...WHICH)
    .action(async (options: { account?: string }, command: Command) => {
      await using session = await openMigratedSession(command);
      const account_id = await accountId(session.db, options.account);
      printList(command, await listKeys(session.db, account_id), [
        { name: 'id', of: (row) => row.id },
        { name: 'name', of: (row) => row.name },
        { name: 'created_at', of: (row) => row.created_at },
        { name: 'last_used_at', of: (row) => row.last_used_at },
        { name: 'revoked_at', of: (row) => row.revoked_at },
        { name: 'expires_at', of: (row) => row.expires_at },
        { name: 'credits', of: (row) => `${row.credits_used} of ${row.credit_limit ?? 'any'}` },
        { name: 'scopes', of: (row) => row.scopes.join(' ') },
      ]);
    });

  keys
    .command('revoke')
    .description('end a key, at once and for good')
    .argument('<key_id>', 'key_…')
    .option('--account <id>', 'revoke it only where it is this account’s')
    .action(async (id: string, options: { account?: string }, command: Command) => {
      await using session = await openMigratedSession(command);
      const account_id = options.account ?? (await accountOfKey(session.db, id));
      if (account_id === null) throw new CliError(`There is no key ${id}.`);
      if (!(await revokeKey(session.db, account_id, id)))
        throw new CliError(`The account ${account_id} has no key ${id} that still works.`);
      await auditOperator(session.db, account_id, 'key.revoke', id);
      print(command, { key_id: id, revoked: true }, `${id} is revoked.`);
    });
}

async function accountId(db: DbOrTx, given: string | undefined): Promise<string> {
  const accounts = await listAccounts(db);
  if (given === undefined) {
    if (accounts.length === 1) return accounts[0]!.id;
    throw new CliError(`There are ${accounts.length} accounts: say which with --account.`, {
      exitCode: EXIT.usage,
    });
  }
  if (!accounts.some((account) => account.id === given)) throw new CliError(`There is no account ${given}.`);
  return given;
}
