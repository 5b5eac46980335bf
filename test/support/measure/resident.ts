import { readdir, readFile } from 'node:fs/promises';

/** The resident memory of a process, in MiB; zero where it has ended. */
export async function residentMiB(pid: number): Promise<number> {
  const status = await readProc(`${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

/**
 * The resident memory of a process and all its descendants, in MiB. Code that they share counts
 * once, and wholly, whatever other processes of the machine share it too.
 */
export async function familyMiB(pid: number): Promise<number> {
  const members = await Promise.all((await familyOf(pid)).map(async (member) => await memoryOf(member)));
  const own = members.reduce((sum, { privateMiB }) => sum + privateMiB, 0);
  return own + Math.max(...members.map(({ sharedMiB }) => sharedMiB));
}

/** A process and its descendants. */
export async function familyOf(pid: number): Promise<number[]> {
  const below = await Promise.all((await childrenOf(pid)).map(async (child) => await familyOf(child)));
  return [pid, ...below.flat()];
}

async function memoryOf(pid: number): Promise<{ privateMiB: number; sharedMiB: number }> {
  const rollup = await readProc(`${pid}/smaps_rollup`);
  const sizes = [...rollup.matchAll(/^(Rss|Private_Clean|Private_Dirty):\s+(\d+) kB/gm)];
  const [rss = 0, clean = 0, dirty = 0] = sizes.map(([, , kilobytes]) => Number(kilobytes) / 1024);
  return { privateMiB: clean + dirty, sharedMiB: rss - clean - dirty };
}

/** The processes that a process has started and not yet waited for. */
export async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map(async (thread) => await readProc(`${pid}/task/${thread}/children`)),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

/** Empty where the process has ended. */
async function readProc(path: string): Promise<string> {
  return await readFile(`/proc/${path}`, 'utf8').catch(() => '');
}
