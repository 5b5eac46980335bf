import { readdir, readFile, rm } from 'node:fs/promises';
import { platform } from 'node:os';

/** How often a folder is removed into which a process writes that has not ended yet. */
const TRIES = 10;

/**
 * Removes the folder of a browser whose process has ended. A browser that was left behind runs
 * until it notices, and writes into its folder until then: it is killed first.
 */
export async function clearUp(directory: string): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    killAll(await usersOf(directory));
    if (await isRemoved(directory)) return;
  }
}

async function isRemoved(directory: string): Promise<boolean> {
  return await rm(directory, { recursive: true, force: true, maxRetries: 10 }).then(
    () => true,
    () => false,
  );
}

/** The processes that were started with a folder. None where the system does not say. */
async function usersOf(directory: string): Promise<number[]> {
  if (platform() !== 'linux') return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    pids.map(async (pid) => await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_, i) => commands[i]!.includes(`=${directory}/`)).map(Number);
}

/** Kills processes, some of which may have ended by themselves. */
export function killAll(pids: number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}
