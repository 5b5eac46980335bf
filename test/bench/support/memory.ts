import { readFile } from 'node:fs/promises';

const SAMPLE_MS = 200;

export interface MemoryWatch extends Disposable {
  /** The highest resident set so far, in MB of 2^20 bytes. */
  peakMb: number;
  lastMb: number;
}

/** Samples a process's resident set (VmRSS of Linux's /proc) every 200 ms until disposed of. */
export function watchMemory(pid: number): MemoryWatch {
  const watch: MemoryWatch = { peakMb: 0, lastMb: 0, [Symbol.dispose]: () => clearInterval(timer) };
  const timer = setInterval(() => void sample(), SAMPLE_MS);
  async function sample(): Promise<void> {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
    if (kilobytes === undefined) return;
    watch.lastMb = Number(kilobytes) / 1024;
    watch.peakMb = Math.max(watch.peakMb, watch.lastMb);
  }
  return watch;
}
