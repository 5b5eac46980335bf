import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, mkdir, readFile, readlink, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { alive } from './alive.ts';
import { give, postgresHome, postgresUser, type Binaries, type Owner } from './binaries.ts';
import { EmbeddedError } from './error.ts';

const run = promisify(execFile);

/** A data directory's cluster, and what is needed to run it. */
export interface Cluster {
  dataDir: string;
  owner: Owner;
  /** The folder that holds the cluster, its password and its log. */
  home: string;
  directory: string;
  password: string;
  urlAt: (port: number) => string;
}

/**
 * The cluster of a data directory, whether it exists yet or not. Throws EmbeddedError where it
 * cannot be written.
 */
export async function clusterOf(dataDir: string): Promise<Cluster> {
  const owner = await postgresUser();
  try {
    const home = await postgresHome(resolve(dataDir), owner);
    const password = await readOrMakePassword(join(home, 'postgres.password'));
    const urlAt = (port: number) =>
      `postgres://ollagraph:${password}@127.0.0.1:${port}/postgres?sslmode=disable`;
    return { dataDir: resolve(dataDir), owner, home, directory: join(home, 'postgres'), password, urlAt };
  } catch (cause) {
    throw unwritable(dataDir, cause);
  }
}

/**
 * Creates the cluster where there is none. Throws EmbeddedError, also where another version of
 * Postgres made it.
 */
export async function ensureCluster(cluster: Cluster, binaries: Binaries): Promise<void> {
  const version = await readIfThere(join(cluster.directory, 'PG_VERSION'));
  if (version === null) return await create(cluster, binaries);
  const major = version.trim();
  if (major !== binaries.major)
    throw new EmbeddedError(
      `DATA_DIR: the data in ${cluster.dataDir} is of Postgres ${major}, and this version of ` +
        `Ollagraph runs Postgres ${binaries.major}. With the version that made it run ` +
        `\`ollagraph backup FILE\`, move the folder away, and run \`ollagraph restore FILE\` with this one.`,
    );
}

/** Throws an EmbeddedError where the cluster is not there any more. */
export async function requireCluster({ directory, dataDir }: Cluster): Promise<void> {
  if ((await readIfThere(join(directory, 'PG_VERSION'))) !== null) return;
  throw new EmbeddedError(
    `DATA_DIR: the data in ${dataDir} is gone. Put it back, or start anew with an empty folder.`,
  );
}

/**
 * Creates it beside its final place and moves it there when it is whole, so that a kill half-way
 * leaves nothing behind.
 */
async function create(
  { owner, home, directory, password, dataDir }: Cluster,
  { bin }: Binaries,
): Promise<void> {
  const unfinished = `${directory}.new`;
  const passwordFile = join(home, 'initdb.password');
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { mode: 0o700 });
    await writeFile(passwordFile, password, { mode: 0o600 });
    await give(unfinished, owner);
    await give(passwordFile, owner);
    const options = ['-U', 'ollagraph', '-A', 'scram-sha-256', '-E', 'UTF8', '--locale=C'];
    await run(join(bin, 'initdb'), ['-D', unfinished, ...options, `--pwfile=${passwordFile}`], {
      ...owner,
      cwd: home,
      env: {},
    });
    await rename(unfinished, directory);
  } catch (cause) {
    throw unwritable(dataDir, cause);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function unwritable(dataDir: string, cause: unknown): EmbeddedError {
  const { message } = cause as Error;
  return new EmbeddedError(
    `DATA_DIR: ${resolve(dataDir)} cannot be used: ${message.trim().split('\n').at(-1)!}` +
      '. Set DATA_DIR to a folder that this user may write, or DATABASE_URL to a Postgres.',
    { cause },
  );
}

/** The pid and port of the server that last ran here, if its process still lives. */
export async function readPostmaster({ directory }: Cluster): Promise<{ pid: number; port: number } | null> {
  const text = await readIfThere(join(directory, 'postmaster.pid'));
  if (text === null) return null;
  const lines = text.split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  const lives = pid > 0 && port > 0 && alive(pid) && (await mayRunIn(pid, directory));
  return lives ? { pid, port } : null;
}

/**
 * Lets a server start where the pid that the last one left behind is another program's by now: in a
 * container pids are few and come back. Postgres takes any process with that pid for a server,
 * except its parent: so our own takes its place. What the file says of shared memory stays, and
 * keeps a server from starting beside what is left of the last one.
 */
export async function disownPid(cluster: Cluster): Promise<void> {
  const file = join(cluster.directory, 'postmaster.pid');
  const [pid, ...rest] = ((await readIfThere(file)) ?? '').split('\n');
  if (Number(pid) > 0 && alive(Number(pid)) && !(await mayRunIn(Number(pid), cluster.directory)))
    await writeFile(file, [process.pid, ...rest].join('\n'));
}

/** Whether a process may be a server of the directory, in which servers work. */
async function mayRunIn(pid: number, directory: string): Promise<boolean> {
  try {
    return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(directory));
  } catch {
    return true; // no Linux, or a process that we may not look at
  }
}

async function readOrMakePassword(file: string): Promise<string> {
  const there = await readIfThere(file);
  if (there !== null) return there.trim();
  const password = randomBytes(18).toString('base64url');
  await writeFile(file, password, { mode: 0o600 });
  return password;
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    await access(file);
  } catch {
    return null;
  }
  return await readFile(file, 'utf8');
}
