import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** The real service in a process of its own. */
export interface ServiceProcess {
  pid: number;
  /** 0 without the role web. */
  port: number;
  /** Resolves when the process has ended. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  alive(): boolean;
  kill(signal: NodeJS.Signals): void;
}

/** Starts it and waits until it is ready. Its log goes to `logFile`; `within` is a command that runs it somewhere else. Throws when it ends before. */
export async function startServiceProcess(
  env: Record<string, string>,
  logFile: string,
  nodeArguments: string[] = [],
  within: string[] = [],
): Promise<ServiceProcess> {
  const command = [...within, process.execPath, ...nodeArguments, MAIN];
  const child = spawn(command[0]!, command.slice(1), {
    env: { ...process.env, ...UNSET, PORT: '0', LOG_LEVEL: 'debug', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const port = await portOf(child, logFile);
  return {
    pid: child.pid!,
    port,
    exited,
    alive: () => child.exitCode === null && child.signalCode === null,
    kill: (signal) => void child.kill(signal),
  };
}

/** What the caller's shell may have set for a service of its own. An empty variable counts as unset. */
const UNSET = { DYNO: '', ROLES: '', SECRET_KEY: '', ADMIN_TOKEN: '', DNS_SERVERS: '', CRASH_POINT: '' };

async function portOf(child: ChildProcess, logFile: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const log = createWriteStream(logFile, { flags: 'a' });
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => {
      log.write(`${line}\n`);
      const port = /"port":(\d+|null),.*"msg":"ollagraph is ready"/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  }
  child.once('error', reject);
  child.once('exit', (code, signal) =>
    reject(new Error(`the service ended before it was ready (${code ?? signal}); see ${logFile}`)),
  );
  return await promise;
}
