import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { testRun } from '../environment.ts';
import { listen } from '../net/listen.ts';
import { missing } from './programs.ts';
import { eventually } from '../wait.ts';

const PGBOUNCER = '/usr/sbin/pgbouncer';

/** Why tests behind PgBouncer cannot run here, or false. */
export const noPgbouncer: string | false = missing('PgBouncer');

export interface Pgbouncer extends AsyncDisposable {
  /** The URL of the same database through the pooler. */
  through(databaseUrl: string): string;
}

/**
 * Starts PgBouncer in transaction mode in front of the run's Postgres, with `poolSize` connections
 * per database.
 */
export async function startPgbouncer(poolSize: number): Promise<Pgbouncer> {
  const { databaseUrl, directory } = testRun();
  const { hostname, port, username, password } = new URL(databaseUrl);
  const home = await mkdtemp(join(directory, 'pgbouncer-'));
  await chmod(home, 0o755);
  const own = await freePort();
  const config = join(home, 'pgbouncer.ini');
  await writeFile(
    config,
    `[databases]
* = host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 200
`,
  );
  const asUser = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
  const child = spawn(PGBOUNCER, [...asUser, config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  const exited = once(child, 'exit');
  const through = (url: string) => {
    const { pathname } = new URL(url);
    return `postgres://anyone@127.0.0.1:${own}${pathname}`;
  };
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended: ${said}`);
    const client = new pg.Client({ connectionString: through(databaseUrl) });
    client.on('error', () => {});
    try {
      await client.connect();
      return true;
    } finally {
      await client.end().catch(() => {});
    }
  });
  return {
    through,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((closed) => server.close(closed));
  return port;
}
