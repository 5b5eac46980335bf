import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inheritedEnvironment } from './environment.ts';

/** The service as a process of its own, as an operator starts it. Disposing kills it, but not its embedded Postgres. */
export interface ServiceProcess extends AsyncDisposable {
  pid: number;
  /** Of the API; null before it is ready, and without the role web. */
  readonly port: number | null;
  /** What it has printed to both streams; nothing where that goes into a file. */
  output(): string;
  /** Waits until it logs that it is ready; returns the port of the API (null without the role web). Rejects when it ends before. */
  ready(): Promise<number | null>;
  alive(): boolean;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it and whatever shares its output has ended: its exit code, or the signal that ended it. */
  exited: Promise<number | NodeJS.Signals>;
}

export interface ProcessOptions {
  /** `npm start`, instead of what that runs. */
  npm?: boolean;
  /** The user that it runs as, where we are root. */
  uid?: number;
  /** Node's own, `--import` for one. */
  nodeArguments?: string[];
  /** A command that runs it somewhere else, such as in a network namespace. */
  within?: string[];
  /** What it prints is appended to this file. */
  logFile?: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const READY = /"port":(\d+|null),.*"msg":"ollagraph is ready"/;

/** Starts the service with these variables, and with none of those that the caller's shell has for one; on a free port. */
export function startProcess(env: Record<string, string>, options: ProcessOptions = {}): ServiceProcess {
  const [command, ...args] = commandOf(options);
  const { uid, logFile } = options;
  const child = spawn(command!, args, {
    cwd: root,
    env: { ...inheritedEnvironment(), PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that a signal reaches npm, its shell and the service alike, as Ctrl-C does.
    detached: true,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const log = logFile === undefined ? null : createWriteStream(logFile, { flags: 'a' });
  const ready = Promise.withResolvers<number | null>();
  let output = '';
  let port: number | null = null;
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      if (log) log.write(`${line}\n`);
      else output += `${line}\n`;
      const said = READY.exec(line)?.[1];
      if (said === undefined) return;
      port = said === 'null' ? null : Number(said);
      ready.resolve(port);
    });
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  const ended = exited.then((end) => {
    log?.end();
    ready.reject(new Error(`the service ended (${end}) before it was ready: ${logFile ?? output}`));
  });
  // It is for those who wait to hear of either.
  for (const promise of [ready.promise, ended]) promise.catch(() => {});
  const alive = () => child.exitCode === null && child.signalCode === null;
  const kill = (signal: NodeJS.Signals) => {
    if (alive()) process.kill(-child.pid!, signal);
  };
  return {
    pid: child.pid!,
    get port() {
      return port;
    },
    output: () => output,
    ready: () => ready.promise,
    alive,
    kill,
    exited,
    async [Symbol.asyncDispose]() {
      kill('SIGKILL');
      await exited;
    },
  };
}

function commandOf({ npm = false, nodeArguments = [], within = [] }: ProcessOptions): string[] {
  return [...within, ...(npm ? ['npm', 'start'] : [process.execPath, ...nodeArguments, 'src/main.ts'])];
}
