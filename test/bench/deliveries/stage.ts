import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { createAccount } from '../../../src/accounts/accounts.ts';
import { createSecretBox } from '../../../src/accounts/secrets.ts';
import { openDatabase, type Database } from '../../../src/database/connect/connection.ts';
import { startEmbedded } from '../../../src/database/embedded/server.ts';
import { createLog } from '../../../src/log.ts';
import { migrate } from '../../../src/database/migrate.ts';
import { createAuthority } from '../../support/net/certificates.ts';
import { startCommand } from '../../support/process.ts';
import { familyCpuMs, parentOf } from '../support/cpu.ts';
import type { AppendOrder } from './appender.ts';

const ACCOUNTS = 50;
const FILL_CHUNK = 50_000;

export interface Stats {
  count: number;
  bytes: number;
  doubles: number;
  arrivals: [string, number][];
}

/**
 * Everything that a delivery benchmark runs on: a Postgres with default settings, or the database
 * of BENCH_DATABASE_URL, a receiver in a process of its own, accounts.
 */
export interface Stage extends AsyncDisposable {
  database: Database;
  databaseUrl: string;
  accounts: string[];
  receiverUrl: string;
  caFile: string;
  stats(type?: 'stats' | 'reset' | 'arrivals'): Promise<Stats>;
  /** A real service process with the role `dispatcher` alone. Resolves when it is ready. */
  dispatcher(env?: Record<string, string>): Promise<{ pid: number; stop(): Promise<void> }>;
  /**
   * Puts `count` deliveries of 1 KB into the outbox, spread over the accounts given, due at once.
   */
  fill(count: number, options?: { accounts?: string[]; path?: string; due?: string }): Promise<void>;
  pending(): Promise<number>;
  /** CPU milliseconds that these processes and Postgres have used. */
  cpu(senders: number[]): Promise<{ senderMs: number; postgresMs: number }>;
  /** A process that appends deliveries and sends them too. */
  appender(): Promise<Appender>;
}

/** Appends deliveries in a process with a dispatcher. */
export interface Appender extends AsyncDisposable {
  pid: number;
  /** Resolves when it is committed: with its id, when that was, and whether it was born leased. */
  append(order: Omit<AppendOrder, 'n'>): Promise<{ id: string; at: number; leased: boolean }>;
}

export async function setStage(): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'ollagraph-bench-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const postgres = process.env.BENCH_DATABASE_URL
    ? { url: process.env.BENCH_DATABASE_URL, close: async () => {} }
    : await startEmbedded(folder, createLog('silent'));
  stack.defer(() => postgres.close());
  const database = openDatabase(postgres.url, { max: 4, onError: () => {} });
  stack.defer(() => database.db.destroy());
  await migrate(database);

  const authority = await createAuthority();
  const { key, cert } = await authority.issue(['localhost', '127.0.0.1']);
  const files = { ca: join(folder, 'ca.pem'), key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') };
  writeFileSync(files.ca, authority.ca);
  writeFileSync(files.key, key);
  writeFileSync(files.cert, cert);
  const receiver = fork(new URL('./receiver.ts', import.meta.url), [files.key, files.cert]);
  stack.defer(() => receiver.disconnect());
  const [{ port }] = (await once(receiver, 'message')) as [{ port: number }];

  const box = createSecretBox(undefined);
  const accounts: string[] = [];
  for (let i = 0; i < ACCOUNTS; i++)
    accounts.push((await createAccount(database.db, box, { name: `bench ${i}`, credits: 1 })).id);

  const backend = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database.db);
  const postmaster = parentOf(backend.rows[0]!.pid);
  const owned = stack.move();
  return {
    database,
    databaseUrl: postgres.url,
    accounts,
    receiverUrl: `https://127.0.0.1:${port}`,
    caFile: files.ca,
    async stats(type = 'stats') {
      receiver.send({ type });
      return ((await once(receiver, 'message')) as [Stats])[0];
    },
    appender: () => startAppender(postgres.url, files.ca),
    async cpu(senders) {
      const times = await Promise.all([postmaster, ...senders].map((pid) => familyCpuMs(pid)));
      const [postgresMs = 0, ...senderMs] = times;
      return { postgresMs, senderMs: senderMs.reduce((sum, ms) => sum + ms, 0) };
    },
    dispatcher: (env = {}) => startDispatcher(postgres.url, files.ca, env),
    fill: (count, options = {}) =>
      fill(database, count, `https://127.0.0.1:${port}`, { accounts, ...options }),
    async pending() {
      const { rows } = await sql<{ n: number }>`select count(*) as n from outbox`.execute(database.db);
      return rows[0]!.n;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function environment(databaseUrl: string, caFile: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DATABASE_URL: databaseUrl,
    ROLES: 'dispatcher',
    NODE_EXTRA_CA_CERTS: caFile,
    ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
    OLLAGRAPH_API_KEY: 'ok_benchmark_key_0000',
    LOG_LEVEL: 'warn',
  };
}

async function startAppender(databaseUrl: string, caFile: string): Promise<Appender> {
  const child = fork(new URL('./appender.ts', import.meta.url), { env: environment(databaseUrl, caFile) });
  await once(child, 'message');
  type Appended = { n: number; id: string; at: number; leased: boolean };
  const waiting = new Map<number, (appended: Appended) => void>();
  let last = 0;
  child.on('message', (appended: Appended) => {
    waiting.get(appended.n)?.(appended);
    waiting.delete(appended.n);
  });
  return {
    pid: child.pid!,
    async append(order) {
      const n = ++last;
      const { promise, resolve } = Promise.withResolvers<Appended>();
      waiting.set(n, resolve);
      child.send({ n, ...order });
      return await promise;
    },
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

async function startDispatcher(databaseUrl: string, caFile: string, env: Record<string, string>) {
  const profiling = env.PROFILE ? ['--cpu-prof', '--cpu-prof-dir=/tmp/prof'] : [];
  const [command, ...args] = startCommand(profiling);
  const child: ChildProcess = spawn(command!, args, {
    cwd: new URL('../../../', import.meta.url),
    env: {
      ...environment(databaseUrl, caFile),
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await sleep(1500);
  return {
    pid: child.pid!,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function fill(
  { db }: Database,
  count: number,
  origin: string,
  options: { accounts: string[]; path?: string; due?: string },
): Promise<void> {
  const url = `${origin}${options.path ?? '/hook'}`;
  const due = options.due ?? 'now()';
  for (let from = 0; from < count; from += FILL_CHUNK) {
    await sql`
    insert into outbox (account_id, id, event, webhook_url, endpoint, webhook_id, head, tail, whole_job, next_attempt_at)
    select (${options.accounts}::text[])[1 + n % ${options.accounts.length}::int], id, 'job.completed', ${url}, ${new URL(url).host}, id, ${'x'.repeat(1000)}, '', false, ${sql.raw(due)}
    from (select n, 'dlv_' || lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || lpad(to_hex(n + (random() * 1e6)::bigint * 1000000), 12, '0') as id
      from generate_series(${from + 1}::bigint, ${Math.min(count, from + FILL_CHUNK)}::bigint) as n) s`.execute(
      db,
    );
  }
  await sql`analyze outbox`.execute(db);
}

/** Resident memory of a process in MiB, from the kernel. */
export function rssMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}
