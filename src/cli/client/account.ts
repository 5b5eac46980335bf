import type { Command } from 'commander';
import { day, wholeNumber } from '../arguments.ts';
import { formatRecord, print, tableOf } from '../output.ts';
import type { Account, RotatedSecret, Usage } from './answers.ts';
import { connect, type Connection } from './api.ts';
import { clientCommand } from './command.ts';

const MAX_OVERLAP_SECONDS = 7 * 86_400;

/** `me`, `usage` and `secret rotate`. */
export function addAccount(program: Command): void {
  clientCommand(program, 'me', 'your account and its credits')
    .option('--secret', 'print the webhook secret and nothing else')
    .action(async (options: Connection & { secret?: true }, command: Command) => {
      const { webhook_secret, ...shown } = await connect(command).get<Account>('/v1/me');
      if (options.secret) print(command, { webhook_secret }, webhook_secret);
      else print(command, shown, formatRecord(shown));
    });

  clientCommand(program, 'usage', 'the credits you used, by day')
    .option('--from <date>', 'the first day in UTC (default: 29 days before the last)', day)
    .option('--to <date>', 'the last day (default: today)', day)
    .action(async (options: Connection & { from?: string; to?: string }, command: Command) => {
      const { from, to } = options;
      const usage = await connect(command).get<Usage>('/v1/me/usage', { from, to });
      const table = tableOf(usage.data, [
        { name: 'date', of: (row) => row.date },
        { name: 'jobs', of: (row) => row.jobs, numeric: true },
        { name: 'credits', of: (row) => row.credits, numeric: true },
      ]);
      print(command, usage, `${table}\n${usage.total} credits in all`);
    });

  const secret = program.command('secret').description('the secret that signs your callbacks');
  clientCommand(secret, 'rotate', 'replace it; the old one stops at once, or after --overlap')
    .option(
      '--overlap <seconds>',
      'how long the old one still signs beside the new one (default: 0)',
      wholeNumber(0, MAX_OVERLAP_SECONDS),
    )
    .action(async (options: Connection & { overlap?: number }, command: Command) => {
      const body = { overlap_seconds: options.overlap };
      const rotated = await connect(command).post<RotatedSecret>('/v1/me/webhook-secret/rotate', body);
      print(command, rotated, formatRecord(rotated));
    });
}
