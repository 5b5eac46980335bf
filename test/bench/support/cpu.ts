import { readFileSync } from 'node:fs';
import { childrenOf } from '../../support/measure/resident.ts';

/** Milliseconds of one tick in which the kernel counts a process's time. */
const TICK_MS = 10;

/** What /proc says of a process after its name, which may hold spaces: the state comes first. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

export function parentOf(pid: number): number {
  return Number(statOf(pid)[1]);
}

/**
 * CPU milliseconds that a process and its descendants have used, those that have ended among them.
 */
export async function familyCpuMs(pid: number): Promise<number> {
  const [user, system, endedUser, endedSystem] = statOf(pid).slice(11, 15).map(Number);
  const children = await Promise.all(
    (await childrenOf(pid)).map((child) => familyCpuMs(child).catch(() => 0)),
  );
  const own = (user! + system! + endedUser! + endedSystem!) * TICK_MS;
  return children.reduce((sum, ms) => sum + ms, own);
}
