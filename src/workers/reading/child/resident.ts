import { garbageCollector } from '../../../memory/garbage-collector.ts';

const collect = garbageCollector();

/**
 * Where the process holds more than this, returns to the system what nothing uses any more, and the
 * pages that V8 else keeps for eight seconds. Takes some 50 ms. What the process then holds.
 */
export function trimResident(limitBytes: number): number {
  if (process.memoryUsage.rss() > limitBytes) collect({ type: 'major', flavor: 'last-resort' });
  return process.memoryUsage.rss();
}
