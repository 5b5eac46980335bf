import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inheritedEnvironment } from './environment.ts';

/**
 * The service as a process of its own, as an operator starts it. Disposing kills it, but not its
 * embedded Postgres.
 */
export interface ServiceProcess extends AsyncDisposable {
  pid: number;
  /** Of the API; null before it is ready, and without the role web. */
  readonly port: number | null;
  /** What it has printed to both streams; empty when that goes to a file. */
  output(): string;
  /** Waits until it logs that it is ready, and returns `port`. Rejects when it ends first. */
  ready(): Promise<number | null>;
  alive(): boolean;
  kill(signal: NodeJS.Signals): void;
  /**
   * Resolves when it and everything that shares its output has ended, with its exit code or signal.
   */
  exited: Promise<number | NodeJS.Signals>;
}

export interface ProcessOptions {
  /** `npm start`, instead of what that runs. */
  npm?: boolean;
  /** The user it runs as; needs root. */
  uid?: number;
  /** Options of Node itself, such as `--import`. */
  nodeArguments?: string[];
  /** A command prefix that runs it elsewhere, such as in a network namespace. */
  within?: string[];
  /** A folder to run it in, and the command to run there, instead of `npm start` in this one. */
  from?: { directory: string; command: string[] };
  /** A file to which its output is appended. */
  logFile?: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const READY = /"port":(\d+|null),.*"msg":"ollagraph is ready"/;

/**
 * Starts the service on a free port with these variables. It inherits none that configure a
 * service.
 */
export function startProcess(env: Record<string, string>, options: ProcessOptions = {}): ServiceProcess {
  const [command, ...args] = commandOf(options);
  const { uid, logFile } = options;
  const child = spawn(command!, args, {
    cwd: options.from?.directory ?? root,
    env: { ...inheritedEnvironment(), PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that a signal reaches npm, its shell and the service alike, as Ctrl-C
    // does.
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
  // A rejection concerns only callers that wait.
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

function commandOf({ npm = false, nodeArguments = [], within = [], from }: ProcessOptions): string[] {
  if (from) return from.command;
  return [...within, ...(npm ? ['npm', 'start'] : startCommand(nodeArguments))];
}

/** What `npm start` runs, with more options for Node. */
export function startCommand(nodeArguments: string[] = []): string[] {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    scripts: { start: string };
  };
  const [, ...words] = scripts.start.split(' '); // without `exec`
  return words.flatMap((word) => (word === 'node' ? [process.execPath, ...nodeArguments] : word));
}
