import { existsSync, writeFileSync } from 'node:fs';
import { platform, setPriority } from 'node:os';
import { descendants } from './memory.ts';

/**
 * The API, the dispatcher and pages that need no browser go first where CPUs are short. A niceness
 * counts within a session only where Linux groups processes by session, as it does outside of
 * containers: the group then has one of its own.
 */
const NICENESS = 5;

/** Lets other processes go first, before this one and those that it will start in its session. */
export function goLast(): void {
  setPriority(NICENESS);
  setGroupNiceness(process.pid);
}

/** The same for the sessions that processes of this one have started. */
export async function letChildrenGoLast(): Promise<void> {
  for (const pid of await descendants()) setGroupNiceness(pid);
}

/** See sched(7), "The autogroup feature". */
function setGroupNiceness(pid: number): void {
  const group = `/proc/${pid}/autogroup`;
  if (platform() !== 'linux' || !existsSync(group)) return;
  try {
    writeFileSync(group, String(NICENESS));
  } catch {
    // It has ended, or is of another user: it keeps its share of the CPUs.
  }
}
