import type { Command } from 'commander';
import type { Connection } from './client/api.ts';
import { checkService } from './client/checks.ts';
import { clientCommand } from './client/command.ts';
import { CliError } from './failure.ts';
import { invocationOf } from './invocation.ts';
import { print } from './output.ts';
import { oneLine } from './terminal.ts';

const MARKS = { ok: '✓', failed: '✗', skipped: '·' };

/** `doctor`: checks the installation here, and the service that is called. */
export function addDoctor(program: Command): void {
  clientCommand(
    program,
    'doctor',
    'check configuration, database, clocks and egress here, and the service that you call',
  )
    .option('--probe <url>', 'the page on which egress is tried (default: https://example.com/)')
    .action(async (options: Connection & { probe?: string }, command: Command) => {
      // It loads egress and the browser's part, which no other command needs.
      const { checkInstallation } = await import('./operator/checks.ts');
      const { env } = invocationOf(command);
      const checks = [...(await checkInstallation(options.probe, env)), ...(await checkService(command))];
      const width = Math.max(...checks.map(({ check }) => check.length));
      const lines = checks.map(
        ({ check, status, detail }) => `${MARKS[status]} ${check.padEnd(width)}  ${oneLine(detail)}`,
      );
      print(command, { data: checks }, lines.join('\n'));
      const wrong = checks.filter(({ status }) => status === 'failed').map(({ check }) => check);
      if (wrong.length > 0) throw new CliError(`Not in order: ${wrong.join(', ')}.`);
    });
}
