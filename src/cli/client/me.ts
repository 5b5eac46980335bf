import type { Command } from 'commander';
import { formatRecord, print } from '../output.ts';
import type { Account } from './answers.ts';
import { connect, type Connection } from './api.ts';
import { clientCommand } from './command.ts';

/** `me`: whose key it is. */
export function addMe(program: Command): void {
  clientCommand(program, 'me', 'your account and its credits')
    .option('--secret', 'print the webhook secret and nothing else')
    .action(async (options: Connection & { secret?: true }, command: Command) => {
      const account = await connect(options).get<Account>('/v1/me');
      const { webhook_secret, ...shown } = account;
      if (options.secret) print(command, { webhook_secret }, webhook_secret);
      else print(command, shown, formatRecord(shown));
    });
}
