import { readdir, readFile } from 'node:fs/promises';
import { platform } from 'node:os';

const PAGE_BYTES = 4096;

interface Process {
  pid: number;
  parent: number;
}

/** The least time between two measurements: each reads a file of every process of the machine. */
const FRESH_MS = 2000;
let measured = { bytes: 0, at: -Infinity };

/**
 * The private memory of this process's descendants, in bytes, when it was last measured. Where that
 * was over two seconds ago it is measured again, for the next call. 0 where the system does not
 * say.
 */
export function memoryOfChildren(): number {
  if (performance.now() - measured.at >= FRESH_MS) {
    measured = { ...measured, at: performance.now() };
    const keep = (bytes: number) => void (measured = { ...measured, bytes });
    measure().then(keep, () => {}); // the figure before stands
  }
  return measured.bytes;
}

async function measure(): Promise<number> {
  const sizes = await Promise.all((await descendants()).map(readPrivateBytes));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The descendants of this process. None where the system does not say. */
export async function descendants(): Promise<number[]> {
  if (platform() !== 'linux') return [];
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const processes = (await Promise.all(names.map(readProcess))).filter((process) => process !== null);
  const family = new Set([process.pid]);
  // A child's id may be lower than its parent's: look until no new one is found.
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  family.delete(process.pid);
  return [...family];
}

async function readProcess(name: string): Promise<Process | null> {
  const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
  // The name of the program stands in parentheses, and may hold any character.
  const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return parent === undefined ? null : { pid: Number(name), parent: Number(parent) };
}

async function readPrivateBytes(pid: number): Promise<number> {
  const statm = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '');
  const [, resident = 0, shared = 0] = statm.split(' ').map(Number);
  return (resident - shared) * PAGE_BYTES;
}
