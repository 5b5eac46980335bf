import { createKey } from '../accounts/http/keys/create-key.ts';
import { listKeys } from '../accounts/http/keys/list-keys.ts';
import { revokeKey } from '../accounts/http/keys/revoke-key.ts';
import { readAccount } from '../accounts/http/read-account.ts';
import { readUsage } from '../accounts/http/read-usage.ts';
import { rotateSecret } from '../accounts/http/rotate-secret.ts';
import { listCallbacks } from '../callbacks/http/list-callbacks.ts';
import { readCallback } from '../callbacks/http/read-callback.ts';
import type { Route } from '../http/route/route.ts';
import { route } from '../http/route/route.ts';
import { cancelJob } from '../jobs/http/jobs/cancel-job.ts';
import { listJobs } from '../jobs/http/jobs/list-jobs.ts';
import { listPages } from '../jobs/http/jobs/list-pages.ts';
import { readFile } from '../jobs/http/jobs/read-file.ts';
import { readJob } from '../jobs/http/jobs/read-job.ts';
import { readLinkedResult } from '../jobs/http/jobs/read-linked-result.ts';
import { readResult } from '../jobs/http/jobs/read-result.ts';
import { watchJob } from '../jobs/http/jobs/watch-job.ts';
import { crawl } from '../jobs/http/scrape/crawl.ts';
import { map } from '../jobs/http/scrape/map.ts';
import { mapAsync } from '../jobs/http/scrape/map-async.ts';
import { scrapeAsync } from '../jobs/http/scrape/scrape-async.ts';
import { scrapeBatchAsync } from '../jobs/http/scrape/scrape-batch-async.ts';
import { scrapeBatch } from '../jobs/http/scrape/scrape-batch.ts';
import { scrape } from '../jobs/http/scrape/scrape.ts';
import { metrics } from '../metrics/http/metrics.ts';
import { changeSchedule } from '../schedules/http/change-schedule.ts';
import { createSchedule } from '../schedules/http/create-schedule.ts';
import { deleteSchedule } from '../schedules/http/delete-schedule.ts';
import { listRuns } from '../schedules/http/list-runs.ts';
import { listSchedules } from '../schedules/http/list-schedules.ts';
import { pauseSchedule } from '../schedules/http/pause-schedule.ts';
import { readRun } from '../schedules/http/read-run.ts';
import { readSchedule } from '../schedules/http/read-schedule.ts';
import { resumeSchedule } from '../schedules/http/resume-schedule.ts';
import { runSchedule } from '../schedules/http/run-schedule.ts';
import { listDeliveries } from '../webhooks/http/deliveries/list-deliveries.ts';
import { readDelivery } from '../webhooks/http/deliveries/read-delivery.ts';
import { recoverDeliveries } from '../webhooks/http/deliveries/recover-deliveries.ts';
import { redeliver } from '../webhooks/http/deliveries/redeliver.ts';
import { testWebhook } from '../webhooks/http/deliveries/test-webhook.ts';
import { cancelPending } from '../webhooks/http/endpoints/cancel-pending.ts';
import { listEndpoints } from '../webhooks/http/endpoints/list-endpoints.ts';
import { pauseEndpoint } from '../webhooks/http/endpoints/pause-endpoint.ts';
import { resumeEndpoint } from '../webhooks/http/endpoints/resume-endpoint.ts';
import type { ApiContext } from './context.ts';
import { healthz, readyz } from './health.ts';

const openApi = route({
  id: 'openapi',
  method: 'get',
  path: '/openapi.json',
  tag: 'Service',
  summary: 'This document',
  description: 'OpenAPI 3.1, made of the schemas that validate requests.',
  access: 'anyone',
  answers: { 200: { description: 'OpenAPI 3.1.', contentType: 'application/json' } },
  handle: (_request, context: ApiContext) => ({
    headers: { 'Cache-Control': 'no-cache' },
    body: context.openApi(),
  }),
});

/** Every route of the API, in the order of its document. */
export const ROUTES: Route<ApiContext>[] = [
  scrape,
  scrapeBatch,
  scrapeAsync,
  scrapeBatchAsync,
  crawl,
  map,
  mapAsync,
  listJobs,
  readJob,
  listPages,
  readResult,
  readLinkedResult,
  readFile,
  cancelJob,
  watchJob,
  createSchedule,
  listSchedules,
  readSchedule,
  changeSchedule,
  deleteSchedule,
  runSchedule,
  pauseSchedule,
  resumeSchedule,
  listRuns,
  readRun,
  listDeliveries,
  readDelivery,
  redeliver,
  recoverDeliveries,
  testWebhook,
  listEndpoints,
  pauseEndpoint,
  resumeEndpoint,
  cancelPending,
  listCallbacks,
  readCallback,
  readAccount,
  rotateSecret,
  readUsage,
  listKeys,
  createKey,
  revokeKey,
  healthz,
  readyz,
  metrics,
  openApi,
];
