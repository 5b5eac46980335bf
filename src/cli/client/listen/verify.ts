import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { readClientConfig } from '../../../config/index.ts';
import { moment, wholeNumber } from '../../arguments.ts';
import { CliError, EXIT } from '../../failure.ts';
import { invocationOf } from '../../invocation.ts';
import { print } from '../../output.ts';
import { oneLine } from '../../terminal.ts';
import type { Account } from '../answers.ts';
import { connect, type Connection } from '../api.ts';
import { parseHeaders } from './captured.ts';
import { clientCommand } from '../command.ts';
import { diagnose } from './diagnose.ts';

interface Options extends Connection {
  headers: string;
  body: string;
  secret?: string;
  tolerance: number;
  at?: Date;
}

/** `verify`: why a receiver refuses a callback. */
export function addVerify(program: Command): void {
  clientCommand(program, 'verify', 'check a captured callback, and show which step fails and why')
    .requiredOption('--headers <file>', 'its headers: lines, or a JSON object')
    .requiredOption('--body <file>', 'its raw body')
    .option('--secret <whsec>', 'default: OLLAGRAPH_WEBHOOK_SECRET, or what the service says is yours')
    .option('--tolerance <seconds>', 'how many seconds old it may be', wholeNumber(0, 1e9), 300)
    .option('--at <time>', 'when it arrived (default: now; or how long ago: 2h)', moment)
    .action(async (options: Options, command: Command) => {
      const headers = parseHeaders((await read(options.headers)).toString('utf8'));
      if (!headers)
        throw new CliError(`There are no headers in ${options.headers}.`, { exitCode: EXIT.usage });
      const body = await read(options.body);
      const secret = options.secret ?? (await secretOf(command));
      const at = options.at ?? new Date();
      const steps = diagnose({ headers, body }, { secret, at, toleranceSeconds: options.tolerance });
      const verified = steps.every(({ ok }) => ok);
      const lines = steps.map(
        ({ step, ok, detail }) => `${ok ? '✓' : '✗'} ${step.replace('_', ' ')}: ${oneLine(detail)}`,
      );
      print(command, { verified, steps }, lines.join('\n'));
      if (!verified) throw new CliError('The callback does not verify.');
    });
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new CliError('The capture cannot be read', { exitCode: EXIT.usage, cause });
  }
}

async function secretOf(command: Command): Promise<string> {
  const { webhookSecret } = readClientConfig({}, invocationOf(command).env);
  return webhookSecret ?? (await connect(command).get<Account>('/v1/me')).webhook_secret;
}
