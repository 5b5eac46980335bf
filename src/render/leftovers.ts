import { readdir, readFile, rm } from 'node:fs/promises';
import { platform } from 'node:os';

/**
 * Removes the folder of a browser whose process has ended. A browser that was left behind runs
 * until it notices, and writes into its folder until then: it is killed first.
 */
export async function clearUp(directory: string): Promise<void> {
  for (const pid of await usersOf(directory)) kill(pid);
  await rm(directory, { recursive: true, force: true, maxRetries: 10 }).catch(() => {});
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

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
