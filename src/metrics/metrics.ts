import type { RequestHandler } from 'express';
import type { Context } from '../context.ts';
import { InstallationMetrics } from './installation.ts';
import { ProcessMetrics } from './process.ts';

/** For this time one reading of the database answers further requests. */
const CACHE_MS = 3000;

export interface Metrics {
  /** Measures every request. */
  observe: RequestHandler;
  /** All metrics in the Prometheus text format. */
  read(): Promise<string>;
}

/**
 * The metrics of this process and of the installation. Null without an ADMIN_TOKEN, which reading
 * them takes.
 */
export function createMetrics({ config, db, pool }: Pick<Context, 'config' | 'db' | 'pool'>): Metrics | null {
  if (config.adminToken === undefined) return null;
  const own = new ProcessMetrics(pool);
  const installation = cached(new InstallationMetrics(db, new Date(performance.timeOrigin)));
  return {
    observe: own.observe(),
    read: async () => (await own.read()) + (await installation()),
  };
}

/** One reading at a time, however long it takes: two at once would count the same rows twice. */
function cached(metrics: InstallationMetrics): () => Promise<string> {
  let text: Promise<string> | undefined;
  let staleAt = Infinity;
  return async () => {
    if (text === undefined || performance.now() >= staleAt) {
      staleAt = Infinity;
      text = metrics.read();
      text.then(
        () => (staleAt = performance.now() + CACHE_MS),
        () => (staleAt = 0),
      );
    }
    return await text;
  };
}
