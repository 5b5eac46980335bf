import type { Context } from '../../src/context.ts';
import { WorkerPool } from '../../src/workers/pool/pool.ts';

type PoolOptions = ConstructorParameters<typeof WorkerPool>[1];

/** Starts worker threads that end with the block that made them, at once. */
export async function startPool(
  context: Context,
  options: PoolOptions = {},
): Promise<WorkerPool & AsyncDisposable> {
  const pool = new WorkerPool(context, options);
  await pool.start();
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.stop(0, 1000) });
}
