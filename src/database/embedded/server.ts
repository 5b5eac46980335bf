import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
// oxlint-disable-next-line no-restricted-imports -- it listens for a moment, and connects to nothing
import { createServer, type AddressInfo } from 'node:net';
import { platform } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { give, postgresBinaries, postgresHome, postgresUser, type Owner } from './binaries.ts';
import type { Log } from '../../log.ts';

const run = promisify(execFile);

/** Two processes want the same data directory, or it cannot be used. The message is one sentence for a person. */
export class EmbeddedError extends Error {
  override name = 'EmbeddedError';
}

export interface Embedded {
  url: string;
  /** Stops Postgres: sessions are ended, everything committed is on disk. */
  close(): Promise<void>;
}

/** The processes of a killed Postgres may live on for a moment, and until they have ended no other one starts on their cluster. */
const LAUNCHES = 60;
const LAUNCH_PAUSE_MS = 500;

/** Frugal enough for a small machine; durability is left at Postgres's defaults (fsync and synchronous_commit on). */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  autovacuum_naptime: '10s',
  log_min_messages: 'warning',
};

/** Where a data directory's cluster is, and what is needed to run it. */
interface Place {
  owner: Owner;
  home: string;
  cluster: string;
  password: string;
  urlAt: (port: number) => string;
}

/**
 * Starts a real Postgres on a loopback port, its cluster under `dataDir`, made on the first call. A Postgres that a
 * killed process left running is taken over. Throws EmbeddedError when another live process uses the directory: see
 * `lockInstance`.
 */
export async function startEmbedded(dataDir: string, log: Log): Promise<Embedded> {
  const place = await placeOf(dataDir);
  const orphan = await findRunning(place);
  if (!orphan) return await startPostgres(place);
  log.info({ port: orphan.port }, 'a Postgres already runs on the data directory: connecting to it');
  return { url: place.urlAt(orphan.port), close: () => stop(orphan.pid) };
}

/**
 * The embedded Postgres for the length of one command: the one that already runs on `dataDir`, which is left alone, or
 * else one that is started now, held against other instances, and stopped by `close`. Throws EmbeddedError.
 */
export async function visitEmbedded(dataDir: string): Promise<Embedded & { temporary: boolean }> {
  const place = await placeOf(dataDir);
  const running = await findRunning(place);
  if (running) return { url: place.urlAt(running.port), close: async () => {}, temporary: false };
  const started = await startPostgres(place);
  // Refused: a service has just come and taken this Postgres over. It stops it.
  const lock = await lockInstance(started.url, dataDir);
  return {
    url: started.url,
    temporary: true,
    async close() {
      await lock.close();
      await started.close();
    },
  };
}

async function placeOf(dataDir: string): Promise<Place> {
  const owner = await postgresUser();
  const home = await postgresHome(resolve(dataDir), owner);
  const password = await readOrMakePassword(join(home, 'postgres.password'));
  const urlAt = (port: number) => `postgres://ollagraph:${password}@127.0.0.1:${port}/postgres`;
  return { owner, home, cluster: join(home, 'postgres'), password, urlAt };
}

async function findRunning({ cluster, urlAt }: Place): Promise<{ pid: number; port: number } | null> {
  const running = await readPostmaster(cluster);
  return running && (await answers(urlAt(running.port))) ? running : null;
}

async function startPostgres({ owner, home, cluster, password, urlAt }: Place): Promise<Embedded> {
  const bin = await postgresBinaries(owner);
  if (!(await exists(join(cluster, 'PG_VERSION')))) await initialise(bin, home, cluster, password, owner);
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const pid = await launch(bin, home, cluster, port, owner);
    if (await becomesReady(urlAt(port), pid)) return { url: urlAt(port), close: () => stop(pid) };
    if (tries === LAUNCHES || alive(pid))
      throw new EmbeddedError(`Postgres did not start; its log is ${join(home, 'postgres.log')}.`);
    await sleep(LAUNCH_PAUSE_MS);
  }
}

/**
 * Holds a session-level advisory lock for as long as the process lives, so that a second instance on the same data
 * directory is refused. A killed process's session may need a moment to be noticed, hence some patience.
 */
export async function lockInstance(url: string, dataDir: string): Promise<{ close(): Promise<void> }> {
  const client = new pg.Client({ connectionString: url, application_name: 'ollagraph instance lock' });
  client.on('error', () => process.emitWarning('the connection that holds the instance lock broke'));
  await client.connect();
  for (let tries = 0; tries < 20; tries++) {
    const { rows } = await client.query<{ held: boolean }>(
      `select pg_try_advisory_lock(hashtext('ollagraph.instance')) as held`,
    );
    if (rows[0]?.held) return { close: () => client.end() };
    await sleep(150);
  }
  await client.end();
  throw new EmbeddedError(
    `Another Ollagraph is already running on ${resolve(dataDir)}. Stop it first, or set DATA_DIR to another folder.`,
  );
}

async function readOrMakePassword(file: string): Promise<string> {
  if (await exists(file)) return (await readFile(file, 'utf8')).trim();
  const password = randomBytes(18).toString('base64url');
  await writeFile(file, password, { mode: 0o600 });
  return password;
}

/** Makes the cluster beside its final place and moves it in when it is whole, so that a kill half-way leaves nothing behind. */
async function initialise(
  bin: string,
  home: string,
  cluster: string,
  password: string,
  owner: Owner,
): Promise<void> {
  const unfinished = `${cluster}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  const passwordFile = join(home, 'initdb.password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  await give(unfinished, owner);
  await give(passwordFile, owner);
  try {
    await run(
      join(bin, 'initdb'),
      [
        '-D',
        unfinished,
        '-U',
        'ollagraph',
        '-A',
        'scram-sha-256',
        '-E',
        'UTF8',
        '--locale=C',
        `--pwfile=${passwordFile}`,
      ],
      { ...owner, cwd: home },
    );
  } catch (cause) {
    throw new EmbeddedError(
      `Postgres could not make its data directory in ${home}: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(unfinished, cluster);
}

/** Starts the server in a session of its own: Ctrl-C in the terminal must reach only us, who stop it last. */
async function launch(
  bin: string,
  home: string,
  cluster: string,
  port: number,
  owner: Owner,
): Promise<number> {
  const log = openSync(join(home, 'postgres.log'), 'a', 0o600);
  const settings = Object.entries({ ...SETTINGS, port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const child = spawn(join(bin, 'postgres'), ['-D', cluster, ...settings], {
    ...owner,
    cwd: home,
    detached: platform() !== 'win32',
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  await new Promise((started, failed) => child.once('spawn', started).once('error', failed));
  return child.pid!;
}

/** False when it ended instead. */
async function becomesReady(url: string, pid: number): Promise<boolean> {
  for (let waited = 0; waited < 60_000; waited += 50) {
    if (await answers(url)) return true;
    if (!alive(pid)) return false;
    await sleep(50);
  }
  return false;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined); // the query below reports it
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined); // never connected
  }
}

/** The pid and port of the server that last ran here, if its process still lives. */
async function readPostmaster(cluster: string): Promise<{ pid: number; port: number } | null> {
  const file = join(cluster, 'postmaster.pid');
  if (!(await exists(file))) return null;
  const lines = (await readFile(file, 'utf8')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return pid > 0 && port > 0 && alive(pid) ? { pid, port } : null;
}

/** Fast shutdown (SIGINT): open transactions are rolled back, a checkpoint is written. */
async function stop(pid: number): Promise<void> {
  if (!alive(pid)) return;
  process.kill(pid, 'SIGINT');
  for (let waited = 0; waited < 10_000 && alive(pid); waited += 20) await sleep(20);
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening, failed) =>
    server.once('error', failed).listen(0, '127.0.0.1', listening),
  );
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
