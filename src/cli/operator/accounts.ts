import type { Command } from 'commander';
import { deleteAccount, renameAccount, suspendAccount } from '../../accounts/administer.ts';
import { createAccount, listAccounts } from '../../accounts/accounts.ts';
import { grantCredits } from '../../accounts/credits.ts';
import { OutOfCreditsError } from '../../accounts/out-of-credits.ts';
import { createSecretBox } from '../../accounts/secrets.ts';
import type { DbOrTx, Tx } from '../../database/tables.ts';
import { label, wholeNumber } from '../arguments.ts';
import { auditOperator } from './audit.ts';
import { openMigratedSession } from './database-session.ts';
import { CliError } from '../failure.ts';
import { print, printList } from '../output.ts';

const MAX_CREDITS = 1_000_000_000;

/** `accounts create|list|credit|rename|suspend|resume|delete`. */
export function addAccounts(program: Command): void {
  const accounts = program
    .command('accounts')
    .description('who may use the service, and what they have left');

  accounts
    .command('create')
    .description('make an account and its first key, which is shown once')
    .requiredOption('--name <name>', 'what the account is called', label)
    .option('--credits <n>', 'credits to start with (default: FREE_CREDITS)', wholeNumber(0, MAX_CREDITS))
    .action(async (options: { name: string; credits?: number }, command: Command) => {
      await using session = await openMigratedSession(command);
      const { config, db } = session;
      const credits = options.credits ?? config.freeCredits;
      const { id, key } = await createAccount(db, createSecretBox(config.secretKey), {
        name: options.name,
        credits,
      });
      await auditOperator(db, id, 'account.create', id);
      const rows = [`account  ${id}`, `name     ${options.name}`, `credits  ${credits}`, `key      ${key}`];
      const text = [...rows, '', 'The key is not shown again.'].join('\n');
      print(command, { account_id: id, name: options.name, credits, key }, text);
    });

  accounts
    .command('list')
    .description('all accounts, oldest first')
    .action(async (_options, command: Command) => {
      await using session = await openMigratedSession(command);
      printList(command, await listAccounts(session.db), [
        { name: 'id', of: (row) => row.id },
        { name: 'name', of: (row) => row.name },
        { name: 'plan', of: (row) => row.plan },
        { name: 'credits', of: (row) => row.credits, numeric: true },
        { name: 'created_at', of: (row) => row.created_at },
        { name: 'suspended_at', of: (row) => row.suspended_at },
      ]);
    });

  accounts
    .command('credit')
    .description('give credits to an account, or take some back')
    .argument('<account_id>', 'acct_…')
    .argument(
      '<credits>',
      'how many; a negative number takes them back',
      wholeNumber(-MAX_CREDITS, MAX_CREDITS),
    )
    .option('--note <text>', 'why, for the ledger', label, 'by an operator')
    .action(async (id: string, amount: number, options: { note: string }, command: Command) => {
      await using session = await openMigratedSession(command);
      const credits = await session.db.transaction().execute(async (tx) => {
        const before = await creditsOf(tx, id);
        try {
          if (amount !== 0) await grant(tx, id, amount, options.note);
        } catch (error) {
          if (!(error instanceof OutOfCreditsError)) throw error;
          throw new CliError(`The account has ${before} credits: ${-amount} cannot be taken back.`);
        }
        return await creditsOf(tx, id);
      });
      print(command, { account_id: id, credits }, `${id} now has ${credits} credits.`);
    });

  accounts
    .command('rename')
    .description('give an account another name')
    .argument('<account_id>', 'acct_…')
    .argument('<name>', 'what it is called from now on', label)
    .action(async (id: string, name: string, _options, command: Command) => {
      await using session = await openMigratedSession(command);
      if (!(await renameAccount(session.db, id, name))) throw new CliError(`There is no account ${id}.`);
      await auditOperator(session.db, id, 'account.rename', id);
      print(command, { account_id: id, name }, `${id} is now called ${name}.`);
    });

  for (const [verb, suspended, description] of [
    ['suspend', true, 'refuse the keys of an account; its jobs and deliveries go on'],
    ['resume', false, 'let the keys of a suspended account work again'],
  ] as const)
    accounts
      .command(verb)
      .description(description)
      .argument('<account_id>', 'acct_…')
      .action(async (id: string, _options, command: Command) => {
        await using session = await openMigratedSession(command);
        if (!(await suspendAccount(session.db, id, suspended)))
          throw new CliError(`There is no account ${id}.`);
        await auditOperator(session.db, id, `account.${verb}`, id);
        print(command, { account_id: id, suspended }, `${id} is ${suspended ? 'suspended' : 'active'}.`);
      });

  accounts
    .command('delete')
    .description('delete a suspended account and all its data, for good')
    .argument('<account_id>', 'acct_…')
    .action(async (id: string, _options, command: Command) => {
      await using session = await openMigratedSession(command);
      const outcome = await deleteAccount(session.db, id);
      if (outcome === 'missing') throw new CliError(`There is no account ${id}.`);
      if (outcome === 'active')
        throw new CliError(`${id} is in use. Suspend it first, and wait until its jobs have ended.`);
      print(command, { account_id: id, deleted: true }, `${id} is deleted.`);
    });
}

async function grant(tx: Tx, id: string, amount: number, note: string): Promise<void> {
  await grantCredits(tx, id, amount, note);
  await auditOperator(tx, id, 'account.credit', String(amount));
}

async function creditsOf(db: DbOrTx, id: string): Promise<number> {
  const account = (await listAccounts(db)).find((each) => each.id === id);
  if (!account) throw new CliError(`There is no account ${id}.`);
  return account.credits;
}
