import { residentMiB } from '../../support/measure/resident.ts';

const SAMPLE_MS = 200;

export interface MemoryWatch extends Disposable {
  /** The highest resident set so far, in MB of 2^20 bytes. */
  peakMb: number;
  lastMb: number;
}

/**
 * Samples the resident set of a process every 200 ms until disposed of; `measure` says of what
 * else.
 */
export function watchMemory(
  pid: number,
  measure: (pid: number) => Promise<number> = residentMiB,
): MemoryWatch {
  const watch: MemoryWatch = { peakMb: 0, lastMb: 0, [Symbol.dispose]: () => clearInterval(timer) };
  const timer = setInterval(() => void sample(), SAMPLE_MS);
  async function sample(): Promise<void> {
    const megabytes = await measure(pid);
    if (megabytes === 0) return;
    watch.lastMb = megabytes;
    watch.peakMb = Math.max(watch.peakMb, watch.lastMb);
  }
  return watch;
}
