import type { Command } from 'commander';
import type { Connection } from './client/api.ts';
import { checkService } from './client/checks.ts';
import { clientCommand } from './client/command.ts';
import { CliError } from './failure.ts';
import { checkInstallation } from './operator/checks.ts';
import { print } from './output.ts';
import { clean } from './table.ts';

const MARKS = { ok: '✓', failed: '✗', skipped: '·' };

/** `doctor`: what is wrong, from the view of who runs a service here and of who calls one. */
export function addDoctor(program: Command): void {
  clientCommand(
    program,
    'doctor',
    'check configuration, database, clocks and egress here, and the service that you call',
  )
    .option('--probe <url>', 'the page on which egress is tried (default: https://example.com/)')
    .action(async (options: Connection & { probe?: string }, command: Command) => {
      const checks = [...(await checkInstallation(options.probe)), ...(await checkService(options))];
      const width = Math.max(...checks.map(({ check }) => check.length));
      const lines = checks.map(
        ({ check, status, detail }) => `${MARKS[status]} ${check.padEnd(width)}  ${clean(detail)}`,
      );
      print(command, { data: checks }, lines.join('\n'));
      const wrong = checks.filter(({ status }) => status === 'failed').map(({ check }) => check);
      if (wrong.length > 0) throw new CliError(`Not in order: ${wrong.join(', ')}.`);
    });
}
