import { Router, type RequestHandler } from 'express';
import { requireToken } from '../../http/auth.ts';
import { Problem } from '../../http/problem.ts';
import type { Context } from '../../context.ts';
import { InstallationMetrics } from '../installation.ts';
import { ProcessMetrics } from '../process.ts';

/** What is read from the database serves so long: more readers cost it nothing. */
const CACHE_MS = 3000;

/** `/metrics` for whoever has ADMIN_TOKEN; a 404, and nothing is counted, where none is configured. */
export function metricsRoutes({ config, db, pool }: Context): { observe: RequestHandler; routes: Router } {
  const routes = Router();
  if (config.adminToken === undefined) {
    routes.get('/metrics', () => {
      throw new Problem('not_found', 'Metrics are off: there is no ADMIN_TOKEN.');
    });
    return { observe: (_req, _res, next) => next(), routes };
  }
  const ownMetrics = new ProcessMetrics(pool);
  const installation = cached(new InstallationMetrics(db, new Date(performance.timeOrigin)));
  routes.get('/metrics', requireToken(config.adminToken), async (_req, res) => {
    const text = (await ownMetrics.read()) + (await installation());
    res.set('Cache-Control', 'no-store').type('text/plain; version=0.0.4').send(text);
  });
  return { observe: ownMetrics.observe(), routes };
}

/** One reading at a time, however long it takes: what ended in between must not be counted by two of them. */
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
