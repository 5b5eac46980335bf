import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './wait.ts';

/** The service as a process of its own, as an operator starts it. */
export interface ServiceProcess extends AsyncDisposable {
  pid: number;
  /** What it printed so far, to both streams. */
  output(): string;
  /** Waits until it says that it is ready; returns the port of the API (null without the role web). */
  ready(): Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it and whatever shares its output has ended: the exit code, or null after a signal. */
  exited: Promise<number | null>;
}

export interface ProcessOptions {
  /** `npm start`, instead of what that runs. */
  npm?: boolean;
  /** The user that it runs as, where we are root. */
  uid?: number;
  /** Node's own, `--import` for one. */
  nodeArguments?: string[];
}

const root = new URL('../../', import.meta.url);

/** Starts the service with these variables, on a free port. Disposing kills it, not its embedded Postgres. */
export function startProcess(
  env: Record<string, string>,
  { npm = false, uid, nodeArguments = [] }: ProcessOptions = {},
): ServiceProcess {
  const [command, args] = npm ? ['npm', ['start']] : [process.execPath, [...nodeArguments, 'src/main.ts']];
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that a signal reaches npm, its shell and the service alike, as Ctrl-C does.
    detached: true,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const exited = once(child, 'close').then(() => child.exitCode);
  const kill = (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, signal);
  };
  return {
    pid: child.pid!,
    output: () => output,
    kill,
    exited,
    async ready() {
      return await eventually(() => {
        const ready = /"port":(\d+|null),.*"msg":"ollagraph is ready"/.exec(output);
        if (ready) return { port: ready[1] === 'null' ? null : Number(ready[1]) };
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${output}`);
        return false;
      }, 60_000).then(({ port }) => port);
    },
    async [Symbol.asyncDispose]() {
      kill('SIGKILL');
      await exited;
    },
  };
}
