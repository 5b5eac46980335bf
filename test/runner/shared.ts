import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { pino } from 'pino';
import { openDatabase } from '../../src/database/connect/connection.ts';
import { startEmbedded } from '../../src/database/embedded/server.ts';
import { migrate } from '../../src/database/migrate.ts';
import { writeCertificates } from '../support/net/certificates.ts';
import { testRunEnvironment } from '../support/environment.ts';

const TEMPLATE = 'ollagraph_template';
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/tests', import.meta.url));
/**
 * A test database need not survive a power cut, and is gone before it is worth a vacuum. Several
 * services run at a time, each with some ten connections.
 */
const OF_TESTS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  max_connections: '300',
};

/** What all files of a run share. Disposing stops Postgres. */
export interface Shared extends AsyncDisposable {
  /** The environment of the files' processes. */
  env: NodeJS.ProcessEnv;
}

/**
 * Starts one Postgres, migrates the template database, and makes the certificate authority, all in
 * `directory`.
 */
export async function startShared(directory: string): Promise<Shared> {
  await using stack = new AsyncDisposableStack();
  stack.defer(() => stopLeftPostgres(directory));
  const certificates = await writeCertificates(directory);
  const log = pino({ level: 'warn' });
  const postgres = await startEmbedded(join(directory, 'shared'), log, OF_TESTS);
  stack.defer(() => postgres.close());
  await makeTemplate(postgres.url);
  const owned = stack.move();
  return {
    env: {
      ...process.env,
      ...testRunEnvironment({ databaseUrl: postgres.url, template: TEMPLATE, directory }),
      NODE_EXTRA_CA_CERTS: certificates.ca,
      // Every process and each of its threads loads the service, which compiled code makes twice as
      // fast. It is kept for the next run: Node checks it against the source.
      NODE_COMPILE_CACHE: COMPILED,
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function makeTemplate(url: string): Promise<void> {
  await query(url, `create database ${TEMPLATE}`);
  const address = new URL(url);
  address.pathname = TEMPLATE;
  await using database = openDatabase(address.href, { max: 2, onError: (error) => console.error(error) });
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

/**
 * A failed test that started the service with its own data directory may leave its Postgres
 * running.
 */
async function stopLeftPostgres(directory: string): Promise<void> {
  for await (const file of glob(join(directory, '*/postgres/postmaster.pid'))) {
    const pid = Number((await readFile(file, 'utf8')).split('\n')[0]);
    if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGQUIT');
  }
}
