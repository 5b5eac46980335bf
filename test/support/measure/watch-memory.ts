import { residentMiB } from './resident.ts';

export interface MemoryWatch extends Disposable {
  /** The highest resident set so far, in MiB. */
  peakMiB: number;
}

export interface WatchOptions {
  /** What is measured of the process. */
  measure?: (pid: number) => Promise<number>;
  everyMs?: number;
}

/** Samples the resident set of a process until disposed of. */
export function watchMemory(
  pid: number,
  { measure = residentMiB, everyMs = 200 }: WatchOptions = {},
): MemoryWatch {
  const watch: MemoryWatch = { peakMiB: 0, [Symbol.dispose]: () => clearInterval(timer) };
  const timer = setInterval(() => void sample(), everyMs);
  async function sample(): Promise<void> {
    watch.peakMiB = Math.max(watch.peakMiB, await measure(pid));
  }
  return watch;
}
