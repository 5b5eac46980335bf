import { readdir, readFile } from 'node:fs/promises';

/** The resident memory of a process, in MiB; zero where it has ended. */
export async function residentMiB(pid: number): Promise<number> {
  const status = await readProc(`${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}

/**
 * The same with all its descendants: their proportional share (PSS), so that code which they have
 * in common counts once, as the system's limits for a container count it.
 */
export async function familyMiB(pid: number): Promise<number> {
  const children = await childrenOf(pid);
  const theirs = await Promise.all(children.map(async (child) => await familyMiB(child)));
  const own = Number(/^Pss:\s+(\d+) kB/m.exec(await readProc(`${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
  return theirs.reduce((sum, mib) => sum + mib, own);
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
