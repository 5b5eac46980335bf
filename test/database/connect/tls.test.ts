import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { generate } from 'selfsigned';
import { openDatabase } from '../../../src/database/connect/connection.ts';
import { postgresUser, give } from '../../../src/database/embedded/binaries.ts';
import { startEmbedded, type Embedded } from '../../../src/database/embedded/server.ts';
import { completeDatabaseUrl } from '../../../src/database/connect/url.ts';
import { reachDatabase } from '../../../src/database/connect/reach.ts';
import { testRun } from '../../support/environment.ts';
import { runCliProcess } from '../../cli/run-cli.ts';
import { missing } from '../../support/programs/programs.ts';

const run = promisify(execFile);

/** The parameters of a URL; `{root}` is the server's certificate. Our outcome must be psql's. */
const FORMS = [
  '',
  'sslmode=disable',
  'sslmode=allow',
  'sslmode=prefer',
  'sslmode=require',
  'ssl=true',
  'sslmode=require&sslrootcert={root}',
  'sslmode=require&sslrootcert={other}',
  'sslmode=prefer&sslrootcert={other}',
  'sslmode=verify-ca',
  'sslmode=verify-ca&sslrootcert={root}',
  'sslmode=verify-ca&sslrootcert={other}',
  'sslmode=verify-ca&sslrootcert=/nowhere.pem',
  'sslmode=verify-full&sslrootcert={root}',
  'sslmode=require&channel_binding=require',
  'sslmode=require&channel_binding=disable',
  'sslmode=disable&channel_binding=require',
  'sslmode=require&ssl_min_protocol_version=TLSv1.3',
  'sslmode=require&ssl_max_protocol_version=TLSv1.1',
  'sslmode=require&keepalives=1&keepalives_idle=30&tcp_user_timeout=30000&gssencmode=disable',
  'sslmode=always',
];

let server: Embedded;
let root: string;
let other: string;
before(async () => {
  const home = await mkdtemp(join(testRun().directory, 'tls-'));
  await chmod(home, 0o755);
  server = await startEmbedded(join(home, 'data'), pino({ level: 'warn' }));
  const owner = await postgresUser();
  const certificate = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const stranger = await generate([{ name: 'commonName', value: 'other' }]);
  root = join(home, 'server.crt');
  other = join(home, 'other.crt');
  const key = join(home, 'server.key');
  await writeFile(root, certificate.cert);
  await writeFile(other, stranger.cert);
  await writeFile(key, certificate.private, { mode: 0o600 });
  await give(key, owner);
  const hba = join(home, 'data/postgres/pg_hba.conf');
  await writeFile(
    hba,
    `hostnossl all tls_only all reject\nhostssl all plain_only all reject\nhostssl all old all md5\n${await readFile(hba, 'utf8')}`,
  );
  await using database = openDatabase(server.url, { max: 1, onError: (error) => assert.fail(error) });
  for (const role of ['tls_only', 'plain_only', 'anyone'])
    await database.pool.query(`create role ${role} login password 'p@ss/w:rd%'`);
  for (const [name, value] of Object.entries({ ssl: 'on', ssl_cert_file: root, ssl_key_file: key }))
    await database.pool.query(`alter system set ${name} = '${value}'`);
  await database.pool.query('select pg_reload_conf()');
});
after(() => server.close());

interface Outcome {
  connected: boolean;
  encrypted: boolean | null;
}

const STATEMENT = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';

async function psql(url: string, env: Record<string, string> = {}): Promise<Outcome> {
  try {
    const { stdout } = await run('psql', [url, '-XtAc', STATEMENT], {
      env: { PATH: process.env.PATH, ...env },
    });
    return { connected: true, encrypted: stdout.trim() === 't' };
  } catch {
    return { connected: false, encrypted: null };
  }
}

async function ours(url: string): Promise<Outcome> {
  try {
    await using database = openDatabase(await reachDatabase(url), { max: 1, onError: () => {} });
    const { rows } = await database.pool.query<{ ssl: boolean }>(STATEMENT);
    return { connected: true, encrypted: rows[0]!.ssl };
  } catch (error) {
    assert.ok(!(error as Error).message.includes('\n'), (error as Error).message);
    return { connected: false, encrypted: null };
  }
}

for (const host of ['localhost', '127.0.0.1'])
  for (const user of ['anyone', 'tls_only', 'plain_only'])
    test(
      `${user} at ${host}: every form of sslmode and channel_binding means what it means to psql`,
      { skip: missing('psql') },
      async () => {
        const { port } = new URL(server.url);
        for (const form of FORMS) {
          const parameters = form
            .replace('{root}', encodeURIComponent(root))
            .replace('{other}', encodeURIComponent(other));
          const url = `postgres://${user}:${encodeURIComponent('p@ss/w:rd%')}@${host}:${port}/postgres${form === '' ? '' : `?${parameters}`}`;
          assert.deepEqual(await ours(url), await psql(url), form || '(nothing)');
        }
      },
    );

test("libpq's variables mean what they mean to psql", { skip: missing('psql') }, async () => {
  const { port } = new URL(server.url);
  const shared = { PGHOST: 'localhost', PGPORT: port, PGDATABASE: 'postgres', PGPASSWORD: 'p@ss/w:rd%' };
  const forms: Record<string, string>[] = [
    { PGUSER: 'tls_only', PGSSLMODE: 'disable' },
    { PGUSER: 'tls_only', PGSSLMODE: 'require' },
    { PGUSER: 'plain_only', PGSSLMODE: 'require' },
    { PGUSER: 'plain_only' },
    { PGUSER: 'anyone', PGSSLMODE: 'verify-full', PGSSLROOTCERT: root },
    { PGUSER: 'anyone', PGSSLMODE: 'verify-full', PGSSLROOTCERT: other },
    { PGUSER: 'anyone', PGCHANNELBINDING: 'require' },
    { PGUSER: 'anyone', PGPASSWORD: 'wrong' },
    { PGUSER: 'anyone', PGOPTIONS: '-c no_such_setting=1' },
  ];
  for (const more of forms) {
    const env = { ...shared, ...more };
    assert.deepEqual(
      await ours(completeDatabaseUrl('postgres://', env)),
      await psql('postgres://', env),
      JSON.stringify(more),
    );
  }
});

/** What a command says that connects with the machine's authorities. */
async function saysTo(host: string, env: Record<string, string>): Promise<string> {
  const url = new URL(server.url);
  url.hostname = host;
  url.search = 'sslrootcert=system';
  return (await runCliProcess({ DATABASE_URL: url.href, ...env }, ['sql', 'select 1'])).stderr;
}

test('sslrootcert=system trusts what the machine trusts, and checks the name', async () => {
  const [trusted, strange, misnamed] = await Promise.all([
    saysTo('localhost', { SSL_CERT_FILE: root }),
    saysTo('localhost', { SSL_CERT_FILE: other }),
    saysTo('127.0.0.1', { SSL_CERT_FILE: root }),
  ]);
  assert.equal(trusted, '');
  assert.match(strange, /^error: DATABASE_URL: .*certificate.* sslrootcert.*\n$/);
  assert.match(misnamed, /^error: DATABASE_URL: .*127\.0\.0\.1.* for another host name\..*\n$/);
  for (const said of [strange, misnamed]) assert.doesNotMatch(said, /node/i);
});

test('without SCRAM, channel_binding=require says what is missing', async () => {
  await using database = openDatabase(server.url, { max: 1, onError: (error) => assert.fail(error) });
  await database.pool.query(`set password_encryption = md5; create role old login password 'old'`);
  const url = new URL(server.url);
  Object.assign(url, { username: 'old', password: 'old', search: 'sslmode=require&channel_binding=require' });
  await assert.rejects(reachDatabase(url.href), /channel_binding=require, and the server does not offer it/);
});
