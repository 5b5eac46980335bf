import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '../../src/cli/run.ts';
import { inheritedEnvironment } from '../support/environment.ts';
import type { TestService } from '../support/service.ts';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export interface CliRun {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Starts the command line in its own process, configured by `env` alone. */
export function spawnCli(env: Record<string, string>, args: string[]) {
  return spawn(process.execPath, [cli, ...args], { env: { ...inheritedEnvironment(), ...env } });
}

/**
 * Runs the command line to its end in this process, on streams of its own. What only a process has
 * is left out: signals, its end, and what libraries read of its environment.
 */
export async function runCli(env: Record<string, string>, args: string[], input = ''): Promise<CliRun> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const said = Promise.all([text(stdout), text(stderr)]);
  const stdin = Readable.from([input], { objectMode: false });
  const exitCode = await runCommandLine({
    args,
    env: { ...inheritedEnvironment(), ...env },
    stdin,
    stdout,
    stderr,
  });
  stdout.end();
  stderr.end();
  const [out, errors] = await said;
  return { exitCode, stdout: out, stderr: errors };
}

/** The same in a process of its own, which must end. */
export async function runCliProcess(
  env: Record<string, string>,
  args: string[],
  input = '',
): Promise<CliRun> {
  return await finishCli(spawnCli(env, args), input);
}

/** Waits for the end of a command line that was spawned. */
export async function finishCli(child: ReturnType<typeof spawnCli>, input = ''): Promise<CliRun> {
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { exitCode: child.exitCode, stdout, stderr };
}

/** The variables a caller sets to use a test's service. */
export function callerOf({ api, account }: Pick<TestService, 'api' | 'account'>): Record<string, string> {
  return { OLLAGRAPH_URL: api.origin, OLLAGRAPH_API_KEY: account.key };
}

/** Runs a command with --json, which must succeed, and returns its output. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests assert on whatever came
export async function runJson(env: Record<string, string>, args: string[], input = ''): Promise<any> {
  const run = await runCli(env, [...args, '--json'], input);
  assert.deepEqual([run.exitCode, run.stderr], [0, '']);
  return JSON.parse(run.stdout);
}
