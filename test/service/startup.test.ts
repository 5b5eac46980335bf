import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { OperatorError } from '../../src/operator-error.ts';
import { TcpProxy } from '../faults/rig/tcp-proxy.ts';
import { createTestDatabase } from '../support/database.ts';
import { testRun } from '../support/environment.ts';
import { listen } from '../support/net/listen.ts';
import { startProcess } from '../support/process.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { eventually } from '../support/wait.ts';

const KEY = 'ok_test_key_of_some_length';

/**
 * Starts the process of the service, which must end with code 1 and these lines, and nothing else.
 */
async function assertStops(env: Record<string, string>, ...expected: RegExp[]): Promise<string> {
  const service = startProcess(env);
  assert.equal(await service.exited, 1, service.output());
  const lines = service
    .output()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{'));
  assert.equal(lines.length, expected.length, service.output());
  for (const [n, line] of lines.entries()) assert.match(line, expected[n]!);
  return service.output();
}

/**
 * Starts the service in this process, which must be refused with one line: what the process prints
 * then, as the tests of `assertStops` show.
 */
async function assertRefused(env: Record<string, string>, expected: RegExp): Promise<void> {
  const refusal = await startTestService(env).then(
    async (service) => await service[Symbol.asyncDispose](),
    (error: unknown) => error,
  );
  assert.ok(refusal instanceof OperatorError, String(refusal));
  assert.match(refusal.message, expected);
  assert.doesNotMatch(refusal.message, /\n/);
}

test('a port in use ends the start with one line, and the key is shown by the start that works', async () => {
  await using database = await createTestDatabase({ empty: true });
  const taken = createServer();
  const port = String(await listen(taken));
  try {
    await assertStops({ DATABASE_URL: database.url, PORT: port }, /^PORT: port \d+ is in use/);
    await assertStops(
      { DATA_DIR: join(testRun().directory, 'taken'), PORT: port },
      /^PORT: port \d+ is in use/,
    );
  } finally {
    taken.close();
  }
  await using service = startProcess({ DATABASE_URL: database.url });
  await service.ready();
  await eventually(() => /^ {2}ok_\S+$/m.test(service.output()));
});

test('HOST is the only address that is listened on, and must be one of this machine', async () => {
  await using database = await createTestDatabase({ empty: true });
  const env = { DATABASE_URL: database.url, OLLAGRAPH_API_KEY: KEY };
  for (const HOST of ['203.0.113.9', 'nowhere.invalid', '127.0.0.1:80'])
    await assertRefused({ ...env, HOST }, new RegExp(`^HOST: ${HOST} is no address of this machine`));
  await assertRefused({ ...env, HOST: 'two words' }, /^HOST: must be an address/);

  await using own = await startTestService({ ...env, HOST: '127.0.0.2', ROLES: 'web' });
  const { port } = own.service;
  assert.equal((await fetch(`http://127.0.0.2:${port}/healthz`)).status, 200);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`));
});

test('a start that fails late makes no account, and the next one shows a key', async () => {
  await using database = await createTestDatabase();
  // The account cannot be stored: everything else has started by then.
  await sql`alter table accounts add constraint nobody check (false)`.execute(database.db);
  const failed = startProcess({ DATABASE_URL: database.url });
  assert.equal(await failed.exited, 1);
  await sql`alter table accounts drop constraint nobody`.execute(database.db);
  await using service = startProcess({ DATABASE_URL: database.url });
  await service.ready();
  const key = await eventually(() => /^ {2}(ok_\S+)$/m.exec(service.output())?.[1]);
  assert.ok(!failed.output().includes('ollagraph is ready'));
  assert.ok(!failed.output().includes(key));
});

test('every wrong variable has its line, and names that look like ours are logged', async () => {
  await assertStops(
    {
      WORKER_THREADS: 'many',
      DNS_SERVERS: 'foo',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'postgres://h/?sslmode=on',
    },
    /^DATABASE_URL: sslmode must be one of/,
    /^DNS_SERVERS: must be IP addresses/,
    /^WORKER_THREADS: must be a whole number/,
    /^LOG_LEVEL: /,
  );
  await using database = await createTestDatabase();
  await using service = startProcess({
    DATABASE_URL: database.url,
    OLLAGRAPH_API_KEY: KEY,
    WORKER_THREAD: '2',
    OLLAGRAPH_APIKEY: KEY,
    HTTPS_PROXY: 'http://proxy.example:3128',
    PROXIES: 'http://proxy.example:3128',
    PROXY_DNS: 'remote',
  });
  await service.ready();
  const lines = await eventually(() => {
    const found = service
      .output()
      .split('\n')
      .filter((line) => line.includes('misspelt'));
    return found.length === 2 && found.map((line) => JSON.parse(line));
  });
  assert.deepEqual(
    lines.map(({ variable, meant }) => [variable, meant]),
    [
      ['OLLAGRAPH_APIKEY', 'OLLAGRAPH_API_KEY'],
      ['WORKER_THREAD', 'WORKER_THREADS'],
    ],
  );
  assert.match(
    service.output(),
    /"variables":\["HTTPS_PROXY"\],"msg":"proxy variables are set and not used"/,
  );
  assert.match(service.output(), /PROXY_DNS is remote: the proxies resolve names/);
});

test('what is wrong with the database is said in one line', async () => {
  await using database = await createTestDatabase();
  const url = (change: (url: URL) => void) => {
    const changed = new URL(database.url);
    change(changed);
    return { DATABASE_URL: changed.href };
  };
  const name = new URL(database.url).pathname.slice(1);
  await assertStops(
    url((u) => (u.password = 'wrong')),
    /^DATABASE_URL: Postgres does not accept the password/,
  );
  await assertRefused(
    url((u) => (u.pathname = '/nowhere')),
    /^DATABASE_URL: there is no database "nowhere"/,
  );
  await assertRefused(
    url((u) => (u.hostname = 'nowhere.invalid')),
    /^DATABASE_URL: the host of nowhere\.invalid/,
  );
  await assertRefused(
    url((u) => u.searchParams.set('sslmode', 'require')),
    /^DATABASE_URL: .*does not support TLS/,
  );
  const stranger = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const port = String(await listen(stranger));
  for (const sslmode of ['disable', 'require'])
    await assertRefused(
      url((u) => ((u.port = port), (u.search = `sslmode=${sslmode}`))),
      /^DATABASE_URL: .* may not be Postgres/,
    );
  stranger.close();
  await sql`alter database ${sql.id(name)} connection limit 3`.execute(database.db);
  await sql`create role ${sql.id(name)} login password 'plain'`.execute(database.db);
  const asRole = url((u) => ((u.username = name), (u.password = 'plain')));
  await assertRefused(asRole, /^DATABASE_URL: .* allows 3 connections, and this process needs \d+/);
  await sql`alter database ${sql.id(name)} connection limit -1`.execute(database.db);
  await sql`alter database ${sql.id(name)} set default_transaction_read_only = on`.execute(database.db);
  await assertRefused(asRole, /^DATABASE_URL: .* is read-only/);
  await sql`set default_transaction_read_only = off`.execute(database.db);
});

test('tables of another application, and an encoding that is not UTF-8, stop the start', async () => {
  await using database = await createTestDatabase({ empty: true });
  await sql`create table accounts (id int)`.execute(database.db);
  await assertStops(
    { DATABASE_URL: database.url },
    /^DATABASE_URL: the database holds what another application made/,
  );
  const latin = `${new URL(database.url).pathname.slice(1)}_latin`;
  await sql`create database ${sql.id(latin)} encoding 'LATIN1' template template0 locale 'C'`.execute(
    database.db,
  );
  try {
    const url = new URL(database.url);
    url.pathname = latin;
    await assertRefused({ DATABASE_URL: url.href }, /^DATABASE_URL: the database is encoded in LATIN1/);
  } finally {
    await sql`drop database ${sql.id(latin)}`.execute(database.db);
  }
});

test('a lost or wrong SECRET_KEY stops the start', async () => {
  await using database = await createTestDatabase();
  const env = { DATABASE_URL: database.url, OLLAGRAPH_API_KEY: KEY };
  {
    await using _ = await startTestService({ ...env, SECRET_KEY: 'the key that sealed it', ROLES: 'web' });
  }
  await assertStops(env, /^SECRET_KEY: does not open the webhook secret of account acct_/);
  await assertRefused({ ...env, SECRET_KEY: 'another key than that' }, /^SECRET_KEY: does not open/);
  await using _ = await startTestService({
    ...env,
    SECRET_KEY: 'another key than that',
    SECRET_KEY_PREVIOUS: 'the key that sealed it',
    ROLES: 'web',
  });
});

/** The lines of the log that name the variable. */
const mentions = ({ logs }: TestService) =>
  logs.map((line) => JSON.stringify(line)).filter((line) => line.includes('OLLAGRAPH_API_KEY'));

test('another OLLAGRAPH_API_KEY at a later start is logged', async () => {
  await using database = await createTestDatabase();
  const env = { DATABASE_URL: database.url, ROLES: 'web' };
  {
    await using service = await startTestService({ ...env, OLLAGRAPH_API_KEY: KEY });
    assert.deepEqual(mentions(service), []);
  }
  await using later = await startTestService({ ...env, OLLAGRAPH_API_KEY: `${KEY}_2` });
  assert.match(mentions(later).join('\n'), /"account_id":"acct_\w+","msg":"OLLAGRAPH_API_KEY is new/);
});

test('a data directory that cannot be used, or is of another Postgres, stops the start', async () => {
  const file = join(testRun().directory, 'a-file');
  await writeFile(file, '');
  await assertStops(
    { DATA_DIR: join(file, 'data') },
    /^DATA_DIR: \S+a-file\/data cannot be used: .*Set DATA_DIR/,
  );
  // Linux has a file system that takes no folders, not even from root.
  if (existsSync('/proc/self'))
    await assertStops({ DATA_DIR: '/proc/data' }, /^DATA_DIR: \/proc\/data cannot be used: .*Set DATA_DIR/);
  const old = join(testRun().directory, 'old');
  await mkdir(join(old, 'postgres'), { recursive: true });
  await chmod(old, 0o755);
  await writeFile(join(old, 'postgres/PG_VERSION'), '16\n');
  await assertStops(
    { DATA_DIR: old },
    /^DATA_DIR: .* is of Postgres 16, and this version .* runs Postgres \d+.*backup FILE/,
  );
});

test('a start waits for a database that is starting', async () => {
  await using database = await createTestDatabase();
  const url = new URL(database.url);
  const network = new TcpProxy(Number(url.port));
  await network.start();
  url.port = String(network.port);
  await network[Symbol.asyncDispose]();
  await using service = startProcess({ DATABASE_URL: url.href, OLLAGRAPH_API_KEY: KEY });
  await eventually(() => service.output().includes('waiting up to 30 s for the database'));
  assert.equal(service.output().split('waiting up to').length, 2, 'it is said once');
  const back = createServer((socket) => relayTo(socket, database.url));
  back.listen(Number(url.port), '127.0.0.1');
  try {
    await service.ready();
  } finally {
    service.kill('SIGKILL');
    await service.exited;
    back.close();
  }
});

test('a start waits behind a proxy that takes connections before the database does', async () => {
  await using database = await createTestDatabase();
  let started = false;
  const proxy = createServer((socket) => {
    if (started) relayTo(socket, database.url);
    else socket.destroy();
  });
  const url = new URL(database.url);
  url.port = String(await listen(proxy));
  await using service = startProcess({ DATABASE_URL: url.href, OLLAGRAPH_API_KEY: KEY });
  try {
    await eventually(() => service.output().includes('waiting up to 30 s for the database'));
    started = true;
    await service.ready();
  } finally {
    service.kill('SIGKILL');
    await service.exited;
    proxy.close();
  }
});

/** Joins a connection to the database's server. */
function relayTo(socket: Socket, databaseUrl: string): void {
  const server = connect(Number(new URL(databaseUrl).port), '127.0.0.1');
  socket.pipe(server).pipe(socket);
  socket.on('error', () => server.destroy());
  server.on('error', () => socket.destroy());
}

test('the embedded Postgres has no variables of the service and is restarted when it dies', async () => {
  const DATA_DIR = join(testRun().directory, 'embedded-dies');
  await using service = startProcess({
    DATA_DIR,
    OLLAGRAPH_API_KEY: KEY,
    SECRET_KEY: 'a secret of some length',
  });
  const port = await service.ready();
  const pidOf = async () =>
    Number((await readFile(join(DATA_DIR, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0]);
  const pid = await pidOf();
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
  assert.ok(!environment.includes('OLLAGRAPH') && !environment.includes('SECRET_KEY'), environment);
  process.kill(pid, 'SIGKILL');
  await eventually(() => service.output().includes('embedded Postgres runs again'));
  assert.notEqual(await pidOf(), pid);
  await eventually(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200);
  assert.equal(service.output().split('"database is away"').length, 2, service.output());
  await eventually(() => service.output().includes('"database is back"'));
  service.kill('SIGTERM');
  assert.equal(await service.exited, 0);
});
