import { garbageCollector } from './garbage-collector.ts';

const MIB = 1024 * 1024;
/** How often to look. A large page passes through a thread in less than a second. */
const LOOK_MS = 50;
/** How much buffers may grow before the young ones among them are collected. */
const GROWTH_BYTES = 8 * MIB;
/** How much old buffers may take before they are collected, and how often at most. */
const OLD_BYTES = 24 * MIB;
const OLD_MS = 3000;

/**
 * Returns the memory of buffers of this thread that nothing uses any more, soon after they were
 * many. V8 lets each thread keep 64 MiB of them, and has no reason to collect any while the thread
 * rests: a page of 9 MiB leaves 60 MiB behind on its way to the database. A collection of young
 * ones takes a millisecond or two, one of all some 30.
 */
export function returnUnusedBuffers(): void {
  const collect = garbageCollector();
  let kept = held();
  let collectedOld = 0;
  setInterval(() => {
    const bytes = held();
    if (bytes > OLD_BYTES && performance.now() > collectedOld + OLD_MS) {
      collect({ type: 'major' });
      collectedOld = performance.now();
      kept = held();
    } else if (bytes > kept + GROWTH_BYTES) {
      collect({ type: 'minor' });
      kept = held();
    } else kept = Math.min(kept, bytes);
  }, LOOK_MS).unref();
}

/** What the buffers of this thread take, those that are used and those that are not. */
function held(): number {
  return process.memoryUsage().arrayBuffers;
}
