import { garbageCollector } from './garbage-collector.ts';

/** How long a thread is looked at to tell whether it rests. */
const LOOK_MS = 3000;
/** The most of that time in which a thread that rests is busy. */
const RESTING = 0.05;
/** How much the heap may have grown since it was returned last. */
const GROWTH_BYTES = 12 * 1024 * 1024;

/**
 * Returns to the system what work has left in this thread's heap, once the thread rests. V8 waits
 * for a quarter of a minute to do that, and keeps the pages that became free for eight seconds
 * more. It takes some 50 ms, for which nobody waits.
 */
export function returnHeapAtRest(): void {
  const collect = garbageCollector();
  let seen = performance.eventLoopUtilization();
  let kept = heapBytes();
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, seen);
    seen = now;
    const bytes = heapBytes();
    if (utilization < RESTING && bytes > kept + GROWTH_BYTES) {
      collect({ type: 'major', flavor: 'last-resort' });
      kept = heapBytes();
    } else kept = Math.min(kept, bytes);
  }, LOOK_MS).unref();
}

/** The memory of this thread's heap, used or not. */
function heapBytes(): number {
  return process.memoryUsage().heapTotal;
}
