import { chmod, glob, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderOf, writeGroups } from './runner/groups.ts';
import { runFiles } from './runner/run-files.ts';
import { startShared } from './runner/shared.ts';

/**
 * Runs the tests: those of no command of their own, the files named as arguments (`node test/run.ts
 * test/api/me.test.ts`), or with a flag those in the folders that have a command: `--limits`
 * measures memory and latency under attack, `--browser` takes real browsers through the console and
 * all that a page may do, `--clients` has Firecrawl's clients and models' tools work against the
 * service, `--security` attacks every entry, and `--operations` starts, stops, kills and commands
 * it as operators do, in processes of its own. `--name=EXPRESSION` runs only the tests whose names
 * match it.
 */
const APART = {
  '--limits': ['limits'],
  '--browser': ['console', 'render'],
  '--clients': ['firecrawl', 'mcp'],
  '--security': ['security'],
  '--operations': ['cli', 'demo', 'deploy', 'faults', 'service'],
};
const NAME = '--name=';
const CONCURRENCY = 4;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** A file system in memory that Linux has, and the free space that a run wants there. */
const MEMORY = '/dev/shm';
const WANTED_BYTES = 4 * 2 ** 30;

async function main(args: string[]): Promise<number> {
  const directory = await mkdtemp(join(await fastestDirectory(), 'ollagraph-test-'));
  // Open to the system user that runs Postgres where we are root.
  await chmod(directory, 0o755);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const shared = stack.use(await startShared(directory));

  const interrupted = new AbortController();
  for (const signal of SIGNALS) process.on(signal, () => interrupted.abort());
  const names = await chooseFiles(args);
  const limits = names.filter((name) => isIn(APART['--limits'], name));
  const others = names.filter((name) => !isIn(APART['--limits'], name));
  const pattern = args.find((arg) => arg.startsWith(NAME))?.slice(NAME.length) ?? null;
  const options = { env: shared.env, pattern, signal: interrupted.signal };
  // What is measured has a process, and the machine, to itself.
  const alone = await writeGroups(join(directory, 'limits'), limits, (file) => file);
  const first = await runFiles(alone, { ...options, concurrency: 1 });
  const groups = await writeGroups(join(directory, 'groups'), others, folderOf);
  return first || (await runFiles(groups, { ...options, concurrency: CONCURRENCY }));
}

/**
 * Each test file makes a database of some 400 files and drops it. On ext4, where new files pass
 * over what was just deleted, that takes longer than the tests.
 */
async function fastestDirectory(): Promise<string> {
  const space = await statfs(MEMORY).catch(() => null);
  return space && space.bavail * space.bsize > WANTED_BYTES ? MEMORY : tmpdir();
}

async function chooseFiles(args: string[]): Promise<string[]> {
  const named = args.filter((arg) => !Object.hasOwn(APART, arg) && !arg.startsWith(NAME));
  if (named.length > 0) return named;
  const all = (await Array.fromAsync(glob('test/**/*.test.ts', { exclude: ['**/node_modules'] }))).toSorted();
  const apart = Object.entries(APART).find(([flag]) => args.includes(flag));
  if (apart) return all.filter((name) => isIn(apart[1], name));
  return all.filter((name) => !isIn(Object.values(APART).flat(), name));
}

function isIn(folders: string[], name: string): boolean {
  return folders.some((folder) => name.startsWith(`test/${folder}/`));
}

process.exitCode = await main(process.argv.slice(2));
