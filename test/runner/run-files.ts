import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Limit of one test. It bounds what hangs; no test comes near it. */
const TIMEOUT_MS = 90_000;
const reporter = fileURLToPath(new URL('reporter.ts', import.meta.url));

export interface RunOptions {
  env: NodeJS.ProcessEnv;
  /** Scripts at a time. */
  concurrency: number;
  /** Only tests whose names match this expression; null: all. */
  pattern: string | null;
  /** Stops the run. */
  signal: AbortSignal;
}

/**
 * Runs the scripts with Node's test runner, each in a process of its own, and returns its exit
 * code.
 */
export async function runFiles(names: string[], options: RunOptions): Promise<number> {
  const { env, concurrency, pattern, signal } = options;
  if (names.length === 0) return 0;
  if (signal.aborted) return 1;
  const child = spawn(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${concurrency}`,
      `--test-timeout=${TIMEOUT_MS}`,
      `--test-reporter=${reporter}`,
      '--test-reporter-destination=stdout',
      ...(pattern === null ? [] : [`--test-name-pattern=${pattern}`]),
      ...names,
    ],
    { stdio: 'inherit', env },
  );
  const stop = () => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  await once(child, 'exit');
  signal.removeEventListener('abort', stop);
  return child.exitCode ?? 1;
}
