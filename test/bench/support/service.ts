import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { createAccount } from '../../../src/accounts/accounts.ts';
import { createSecretBox } from '../../../src/accounts/secrets.ts';
import { openDatabase } from '../../../src/database/connect/connection.ts';
import type { Db } from '../../../src/database/tables.ts';
import { startEmbedded } from '../../../src/database/embedded/server.ts';
import { createLog } from '../../../src/log.ts';
import { listen } from '../../support/net/listen.ts';
import { startProcess } from '../../support/process.ts';
import { eventually } from '../../support/wait.ts';

const KEY = 'ok_benchmark_key_1234567890';

export interface BenchService extends AsyncDisposable {
  url: string;
  pid: number;
  db: Db;
  /** Waits until a job has ended. Throws after `limitMs`. */
  finished(jobId: string, limitMs: number): Promise<EndedJob>;
  /** Makes another account, and returns its key. */
  createAccount(): Promise<string>;
  /**
   * Calls its API as the first account, or with another key; throws where the answer is an error.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the endpoint answers
  call(method: 'GET' | 'POST', path: string, body?: unknown, key?: string): Promise<any>;
}

export interface EndedJob {
  status: string;
  total: number;
  succeeded: number;
  created_at: string;
  finished_at: string;
}

export interface ServiceOptions {
  env?: Record<string, string>;
  /** Go before the script. */
  nodeArguments?: string[];
  /** Of Postgres. */
  settings?: Record<string, string>;
}

/**
 * The service as a user starts it, all roles in one child process, on a fresh Postgres of its own:
 * that runs beside it, so the process's memory is the service's alone.
 */
export async function startService({
  env = {},
  nodeArguments = [],
  settings = {},
}: ServiceOptions = {}): Promise<BenchService> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'ollagraph-bench-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const embedded = await startPostgres(directory, settings);
  stack.defer(() => embedded.close());

  const port = await freePort();
  const service = startProcess(
    {
      PORT: String(port),
      DATABASE_URL: embedded.url,
      OLLAGRAPH_API_KEY: KEY,
      FREE_CREDITS: '10000000',
      RATE_LIMIT_PER_MINUTE: '0',
      ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
      ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
      LOG_LEVEL: 'warn',
      ...env,
    },
    { nodeArguments },
  );
  stack.defer(async () => {
    service.kill('SIGTERM');
    await service.exited;
    process.stderr.write(service.output());
  });
  const url = `http://127.0.0.1:${port}`;
  // Its log is too quiet to say so.
  await eventually(async () => (await fetch(`${url}/readyz`)).ok);
  const { db } = openDatabase(embedded.url, { max: 2, onError: (error) => console.error(error) });
  stack.defer(() => db.destroy());

  const call: BenchService['call'] = async (method, path, body, key = KEY) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return await response.json();
  };

  const owned = stack.move();
  return {
    url,
    pid: service.pid,
    db,
    call,
    async finished(jobId, limitMs) {
      for (const end = performance.now() + limitMs; performance.now() < end;) {
        const job: EndedJob = await call('GET', `/v1/jobs/${jobId}?wait=25&result=false`);
        if (job.finished_at) return job;
      }
      throw new Error('a job took too long');
    },
    async createAccount() {
      return (await createAccount(db, createSecretBox(undefined), { name: 'another', credits: 100_000 })).key;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What is set takes effect at a start: the second one. */
async function startPostgres(directory: string, settings: Record<string, string>) {
  const log = createLog('warn');
  const embedded = await startEmbedded(directory, log);
  if (Object.keys(settings).length === 0) return embedded;
  const { db } = openDatabase(embedded.url, { max: 1, onError: (error) => console.error(error) });
  for (const [name, value] of Object.entries(settings))
    await sql`alter system set ${sql.ref(name)} = ${sql.lit(value)}`.execute(db);
  await db.destroy();
  await embedded.close();
  return await startEmbedded(directory, log);
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}
