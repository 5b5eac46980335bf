import { Router, type RequestHandler } from 'express';
import { registerRoutes, type Gates } from '../http/route/register.ts';
import type { Route } from '../http/route/route.ts';
import type { JobContext } from '../jobs/http/context.ts';
import { ServiceError } from '../service-error.ts';
import { firecrawlErrors } from './errors.ts';
import { jobRoutes } from './http/jobs.ts';
import { map } from './http/map.ts';
import { scrape } from './http/scrape.ts';
import { startBatch, startBatchV1 } from './http/start-batch.ts';
import { startCrawl } from './http/start-crawl.ts';
import {
  activeCrawls,
  concurrency,
  creditUsage,
  creditUsageV1,
  queueStatus,
  queueStatusV1,
} from './http/team.ts';

const ROUTES: Route<JobContext>[] = [
  scrape,
  startBatch,
  ...jobRoutes('/v2/batch/scrape'),
  map,
  activeCrawls,
  startCrawl,
  ...jobRoutes('/v2/crawl'),
  creditUsage,
  concurrency,
  queueStatus,
  // Routes of the first version that do not collide with ours.
  startBatchV1,
  creditUsageV1,
  queueStatusV1,
  ...jobRoutes('/v1/batch/scrape'),
  ...jobRoutes('/v1/crawl'),
];

/**
 * Firecrawl's API over the same jobs, so that its clients work with their base URL changed. Errors
 * have its form.
 */
export function firecrawlRoutes(context: JobContext, gates: Gates): Router {
  const router = Router();
  // It looks like the path of a crawl.
  router.all('/v2/crawl/params-preview', ...gates.account, refuseUnserved);
  registerRoutes(router, ROUTES, context, gates);
  router.use('/v2', ...gates.account, refuseUnserved);
  router.use(firecrawlErrors(context.log));
  return router;
}

/** Search, extract, agent and monitor, for example: they need a language model or an index. */
const refuseUnserved: RequestHandler = (req) => {
  throw new ServiceError('not_found', `${req.method} ${req.baseUrl}${req.path} is not served here.`);
};
