import { workerData } from 'node:worker_threads';
import { Activity } from './activity.ts';
import { HARD_LIMIT_MS, MAX_RESIDENT_BYTES } from './limits.ts';

/**
 * A thread beside the one that reads, which may be stuck or growing: kills the process where a page
 * takes more memory than a reader may have (V8's limits do not count what is outside its heap), or
 * where the parent is gone or no longer watches.
 */

const BUSY_POLL_MS = 20;
const IDLE_POLL_MS = 1000;

const activity = new Activity(workerData as SharedArrayBuffer);
const parent = process.ppid;
let seen = { turn: activity.turn, at: performance.now() };

for (;;) {
  const { busy, turn } = activity;
  if (turn !== seen.turn) seen = { turn, at: performance.now() };
  const tooLarge = busy && process.memoryUsage.rss() > MAX_RESIDENT_BYTES;
  const stuck = busy && performance.now() - seen.at > HARD_LIMIT_MS;
  if (tooLarge || stuck || process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  activity.waitForChange(turn, busy ? BUSY_POLL_MS : IDLE_POLL_MS);
}
