import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 30_000;
/** The pauses between two calls: they grow, so that a long wait leaves the processor to others. */
const FIRST_PAUSE_MS = 15;
const LONGEST_PAUSE_MS = 75;
const GROWTH = 1.1;

type NotYet = false | null | undefined;

/**
 * Calls `attempt` until it neither throws nor returns false, null or undefined, and returns what it
 * then does. After `ms` it throws what the last call threw. The time is a bound for what never
 * comes, not something that a test measures.
 */
export async function eventually<T>(
  attempt: () => Promise<T | NotYet> | T | NotYet,
  ms = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * GROWTH, LONGEST_PAUSE_MS)) {
    let failure: unknown = new Error(`it did not come true within ${ms} ms: ${attempt.toString()}`);
    try {
      const value = await attempt();
      if (value !== undefined && value !== null && value !== false) return value;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) throw failure;
    await sleep(pause);
  }
}
