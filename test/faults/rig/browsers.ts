import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { childrenOf, familyOf } from '../../support/measure/resident.ts';

/** A browser of the service: the process that owns it, and Chromium itself, once it runs. */
export interface RunningBrowser {
  owner: number;
  chromium: number | null;
}

/** The browsers that a service has started. */
export async function browsersOf(servicePid: number): Promise<RunningBrowser[]> {
  const children = await childrenOf(servicePid);
  const commands = await Promise.all(children.map(async (pid) => await commandOf(pid)));
  const owners = children.filter((_, n) => commands[n]!.includes('/render/child/main.ts'));
  return await Promise.all(
    owners.map(async (owner) => ({ owner, chromium: (await childrenOf(owner))[0] ?? null })),
  );
}

/**
 * What is in the folder of temporary files but belongs to nobody: files that no process of the
 * service uses, and processes of other families that use none of its files. (Chromium's crash
 * handlers are nobody's children.)
 */
export async function leftovers(temporary: string, servicePid: number): Promise<string[]> {
  const family = new Set(await familyOf(servicePid));
  const [ours, others] = partition(await usersOf(temporary), ({ pid }) => family.has(pid));
  const files = (await readdir(temporary)).map((name) => join(temporary, name));
  const [used, unused] = partition(files, (file) => ours.some(({ uses }) => uses(file)));
  const orphans = others.filter(({ uses }) => !used.some((file) => uses(file)));
  return [...unused, ...orphans.map(({ pid, command }) => `process ${pid}: ${command.slice(0, 200)}`)];
}

function partition<Item>(items: Item[], isFirst: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

interface User {
  pid: number;
  command: string;
  /** Whether it was started with a path. */
  uses: (path: string) => boolean;
}

/** The processes whose command or environment names something in a folder. */
async function usersOf(folder: string): Promise<User[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const users = await Promise.all(
    pids.map(async (pid): Promise<User> => {
      const [command, environment] = await Promise.all([commandOf(pid), read(pid, 'environ')]);
      return { pid, command, uses: (path) => `${command} ${environment}`.includes(path) };
    }),
  );
  return users.filter(({ uses }) => uses(`${folder}/`));
}

async function commandOf(pid: number): Promise<string> {
  return (await read(pid, 'cmdline')).replaceAll('\0', ' ');
}

/** Empty where the process has ended. */
async function read(pid: number, file: string): Promise<string> {
  return await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
}
