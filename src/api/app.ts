import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { accountRoutes } from '../accounts/http/routes.ts';
import type { SecretBox } from '../accounts/secrets.ts';
import { callbackRoutes } from '../callbacks/http/routes.ts';
import { consoleRoutes } from '../console/routes.ts';
import type { Context } from '../context.ts';
import { docsRoutes } from '../docs/routes.ts';
import { jobRoutes } from '../jobs/http/routes.ts';
import { scrapeRoutes } from '../jobs/http/scrape-routes.ts';
import type { JobWaiter } from '../jobs/wait.ts';
import { metricsRoutes } from '../metrics/http/routes.ts';
import { endpointRoutes } from '../webhooks/http/endpoint-routes.ts';
import { webhookRoutes } from '../webhooks/http/routes.ts';
import { requireKey } from '../http/auth.ts';
import { announceDeprecations } from '../http/deprecation.ts';
import { healthRoutes, type Health } from './health.ts';
import { limitRate } from '../http/limits.ts';
import { findOperation, OPERATIONS } from './operations.ts';
import { Problem, problemHandler } from '../http/problem.ts';
import { requestLog } from '../http/request-log.ts';
import { traceRequests } from '../http/request-trace.ts';

export interface ApiParts {
  box: SecretBox;
  waiter: JobWaiter;
  health: Health;
}

/** The HTTP API. Every route under /v1 needs a bearer key; every error is a problem document. */
export function createApp(context: Context, parts: ApiParts): Express {
  const app = express();
  const metrics = metricsRoutes(context);
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(requestLog(context.log));
  app.use(traceRequests);
  app.use(metrics.observe);
  app.use(helmet());
  app.use(healthRoutes(context, parts.health));
  app.use(metrics.routes);
  app.use('/console', consoleRoutes(context, parts));
  app.use(docsRoutes());
  app.use(announceDeprecations(OPERATIONS));
  app.use('/v1', requireKey(context.db), limitRate(context));
  app.use(scrapeRoutes(context, parts.waiter));
  app.use(jobRoutes(context, parts.waiter));
  app.use(webhookRoutes(context));
  app.use(callbackRoutes(context, parts.box));
  app.use(endpointRoutes(context));
  app.use(accountRoutes(context, parts.box));
  app.use(refuseUnknown);
  app.use(problemHandler(context.log));
  return app;
}

/** A 405 with `Allow` where the path is known for other methods, else a 404. */
const refuseUnknown: RequestHandler = (req) => {
  const { methods } = findOperation(req.method, req.path);
  if (methods.length === 0) throw new Problem('not_found', `There is no ${req.method} ${req.path}.`);
  throw new Problem('method_not_allowed', `${req.path} takes ${methods.join(' and ')}.`, {
    headers: { Allow: methods.join(', ') },
  });
};
