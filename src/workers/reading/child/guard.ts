import { flushCompileCache } from 'node:module';
import { workerData } from 'node:worker_threads';
import { Activity } from './activity.ts';
import { MAX_RESIDENT_BYTES, OUT_OF_TIME, READING_CPU_MS, READING_WALL_MS } from '../limits.ts';

/**
 * A thread beside the one that reads, which may be stuck or growing. It kills the process when a
 * page takes more time or memory than a reader may have (V8's limits do not count what is outside
 * its heap), or when the parent is gone.
 */

const BUSY_POLL_MS = 20;
const IDLE_POLL_MS = 1000;

const activity = new Activity(workerData as SharedArrayBuffer);
const parent = process.ppid;
let seen = look();
// The reader's own call comes before this thread has been compiled.
flushCompileCache();

for (;;) {
  if (activity.turn !== seen.turn) seen = look();
  if (activity.busy) {
    if (process.memoryUsage.rss() > MAX_RESIDENT_BYTES) process.kill(process.pid, 'SIGKILL');
    const now = look();
    if (now.cpu - seen.cpu > READING_CPU_MS || now.wall - seen.wall > READING_WALL_MS)
      process.kill(process.pid, OUT_OF_TIME);
  }
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  activity.waitForChange(seen.turn, activity.busy ? BUSY_POLL_MS : IDLE_POLL_MS);
}

/** The turn, the CPU milliseconds that the process has used, and those that have passed. */
function look(): { turn: number; cpu: number; wall: number } {
  const { user, system } = process.cpuUsage();
  return { turn: activity.turn, cpu: (user + system) / 1000, wall: performance.now() };
}
