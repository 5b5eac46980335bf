import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { pino } from 'pino';
import { openDatabase } from '../src/database/database.ts';
import { startEmbedded } from '../src/database/embedded/server.ts';
import { migrate } from '../src/database/migrate.ts';
import { writeCertificates } from './support/certificates.ts';
import { testRunEnvironment } from './support/environment.ts';

/**
 * Runs the tests: all of them, or the files named as arguments (`node test/run.ts test/api/me.test.ts`). One Postgres, one
 * migrated template database and one certificate authority serve the whole run. Files that measure what a quiet machine is needed for,
 * `*.alone.test.ts`, come first, one at a time.
 */
const TEMPLATE = 'ollagraph_template';
const CONCURRENCY = 2;
const TIMEOUT_MS = 90_000;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

async function main(files: string[]): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'ollagraph-test-'));
  // Open to the system user that runs Postgres where we are root.
  await chmod(directory, 0o755);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  stack.defer(() => stopLeftPostgres(directory));
  const certificates = await writeCertificates(directory);
  const postgres = await startEmbedded(join(directory, 'shared'), pino({ level: 'warn' }));
  stack.defer(() => postgres.close());
  await hurry(postgres.url);
  await makeTemplate(postgres.url);

  const names = files.length > 0 ? files : (await Array.fromAsync(glob('test/**/*.test.ts'))).toSorted();
  const env = {
    ...process.env,
    ...testRunEnvironment({ databaseUrl: postgres.url, template: TEMPLATE, directory }),
    NODE_EXTRA_CA_CERTS: certificates.ca,
    // Loading the service costs a third less: it is loaded for every file, and by each of its threads.
    NODE_COMPILE_CACHE: join(directory, 'compiled'),
  };
  let interrupted = false;
  for (const signal of SIGNALS) process.once(signal, () => (interrupted = true));
  const first = await runFiles(names.filter(isAlone), 1, env);
  if (interrupted) return 1;
  const rest = await runFiles(
    names.filter((name) => !isAlone(name)),
    CONCURRENCY,
    env,
  );
  return first || rest;
}

const isAlone = (name: string) => name.endsWith('.alone.test.ts');

/** Returns the exit code of Node's test runner. */
async function runFiles(names: string[], concurrency: number, env: NodeJS.ProcessEnv): Promise<number> {
  if (names.length === 0) return 0;
  const options = [`--test-concurrency=${concurrency}`, `--test-timeout=${TIMEOUT_MS}`];
  const child = spawn(process.execPath, ['--test', ...options, ...names], { stdio: 'inherit', env });
  const pass = (signal: NodeJS.Signals) => void child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, pass);
  await once(child, 'exit');
  for (const signal of SIGNALS) process.off(signal, pass);
  return child.exitCode ?? 1;
}

/** What a test database may lose in a power cut is of no use to anybody. */
async function hurry(url: string): Promise<void> {
  await query(url, 'alter system set fsync = off');
  await query(url, 'alter system set synchronous_commit = off');
  await query(url, 'alter system set full_page_writes = off');
  await query(url, 'select pg_reload_conf()');
}

async function makeTemplate(url: string): Promise<void> {
  await query(url, `create database ${TEMPLATE}`);
  const address = new URL(url);
  address.pathname = TEMPLATE;
  await using database = openDatabase(address.href, 2, (error) => console.error(error));
  await migrate(database);
}

async function query(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** A test that started the service with a data directory of its own, and failed half-way, leaves its Postgres behind. */
async function stopLeftPostgres(directory: string): Promise<void> {
  for await (const file of glob(join(directory, '*/postgres/postmaster.pid'))) {
    const pid = Number((await readFile(file, 'utf8')).split('\n')[0]);
    if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGQUIT');
  }
}

process.exitCode = await main(process.argv.slice(2));
