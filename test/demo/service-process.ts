import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const KEPT_LINES = 20;

/** The whole service in a process of its own, as `npm start` runs it. */
export interface ServiceProcess extends AsyncDisposable {
  key: string;
  env: NodeJS.ProcessEnv;
  /** Resolves with the API's origin when it is ready; rejects when the process ends before. */
  ready: Promise<string>;
}

/** Starts the service on a database of its own in `directory`, where it may fetch from and call back to this machine. */
export async function startServiceProcess(directory: string, ca: string): Promise<ServiceProcess> {
  const caFile = join(directory, 'ca.pem');
  await writeFile(caFile, ca);
  const key = `ok_demo_${randomBytes(16).toString('hex')}`;
  const env = {
    ...process.env,
    NODE_EXTRA_CA_CERTS: caFile,
    PORT: '0',
    DATA_DIR: directory,
    OLLAGRAPH_API_KEY: key,
    ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
    WEBHOOK_RETRY_SCHEDULE: '1,2,5',
    RATE_LIMIT_PER_MINUTE: '0',
    LOG_LEVEL: 'info',
    ...UNSET,
  };
  // A process group of its own: Ctrl-C reaches the demo, and the demo stops the service.
  const child = spawn(process.execPath, [main], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    key,
    env,
    ready: waitForPort(child),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** What the caller's shell may have set for a service of its own. An empty variable counts as unset. */
const UNSET = Object.fromEntries(
  ['DATABASE_URL', 'DYNO', 'ROLES', 'SECRET_KEY', 'DNS_SERVERS', 'WEBHOOK_TIMEOUT_MS'].map((name) => [
    name,
    '',
  ]),
);

async function waitForPort(child: ChildProcess): Promise<string> {
  const last: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => {
      last.push(line);
      if (last.length > KEPT_LINES) last.shift();
      const port = /"port":(\d+),.*"msg":"ollagraph is ready"/.exec(line)?.[1];
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`);
    });
  }
  child.once('error', reject);
  child.once('exit', () =>
    reject(new Error(`The service ended unexpectedly. Its last words:\n${last.join('\n')}`)),
  );
  return await promise;
}
