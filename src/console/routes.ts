import { Router, type ErrorRequestHandler } from 'express';
import { PROBLEMS, toServiceError, problemHeaders } from '../http/problem.ts';
import type { BodyBudget } from '../http/body/budget.ts';
import { limitRate } from '../http/access/rate-limit.ts';
import { ServiceError } from '../service-error.ts';
import { createRateLimiter } from '../accounts/rate-limit.ts';
import type { SecretBox } from '../accounts/secrets.ts';
import type { Context } from '../context.ts';
import { MAX_LIST_BYTES } from '../jobs/http/schemas/fields.ts';
import type { JobWaiter } from '../jobs/read/wait.ts';
import { adminRoutes } from './admin/routes.ts';
import { assetRoutes } from './assets.ts';
import { requireAccount } from './session/guard.ts';
import { html } from '../http/html/html.ts';
import { sendPage } from './view/layout.ts';
import { deliveryPages } from './pages/deliveries/deliveries.ts';
import { endpointPages } from './pages/endpoints.ts';
import { jobPages } from './pages/jobs/jobs.ts';
import { keyPages } from './pages/keys/keys.ts';
import { NEW_JOB_PATH, newJobPages } from './pages/jobs/new-job.ts';
import { overviewPage } from './pages/overview.ts';
import { playgroundPages } from './pages/playground.ts';
import type { DirectDispatch } from '../webhooks/direct/reservation.ts';
import { NEW_SCHEDULE_PATH } from './pages/schedules/new-schedule.ts';
import { schedulePages } from './pages/schedules/schedules.ts';
import { secretPages } from './pages/secret.ts';
import { sessionOf } from './session/browser-session.ts';
import { pageHeaders, readForm } from './session/forgery.ts';
import { accountSignIn, signInRoutes } from './session/sign-in.ts';
import { createUploadReader } from './session/upload.ts';

/** Of a list of URLs, as much as the API takes. */
const UPLOADS = {
  paths: [NEW_JOB_PATH, NEW_SCHEDULE_PATH, /^\/schedules\/sch_\w+$/],
  bytes: MAX_LIST_BYTES,
};

interface Parts {
  box: SecretBox;
  waiter: JobWaiter;
  dispatch: DirectDispatch | null;
  bodies: BodyBudget;
}

/** The console, mounted at /console. It works without scripts. */
export function consoleRoutes(context: Context, { box, waiter, dispatch, bodies }: Parts): Router {
  const router = Router();
  const signIn = accountSignIn(context);
  const limiter = createRateLimiter(context.db, context.config.rateLimitPerMinute);
  router.use(pageHeaders, readForm());
  router.use('/assets', assetRoutes());
  if (context.config.adminToken !== undefined)
    router.use('/admin', adminRoutes(context, box, context.config.adminToken));
  router.use(signInRoutes(context, signIn));
  router.use(requireAccount(context, signIn, createUploadReader({ ...UPLOADS, budget: bodies })));
  if (limiter) router.use(limitRate(limiter, (res) => sessionOf(res).account_id));
  router.use(overviewPage(context));
  router.use(newJobPages({ ...context, box, waiter }));
  router.use(jobPages(context, waiter));
  router.use(schedulePages({ ...context, box, waiter }));
  router.use(deliveryPages({ ...context, dispatch }, box));
  router.use(endpointPages({ ...context, dispatch }));
  router.use(secretPages(context, box));
  router.use(keyPages(context));
  router.use(playgroundPages({ ...context, box, waiter }));
  router.use(() => {
    throw new ServiceError('not_found', 'There is no such page.');
  });
  router.use(errorPage(context));
  return router;
}

/** Says what went wrong as a page. A fault of the service is logged. */
function errorPage({ log }: Context): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    const problem = toServiceError(error);
    const [status, title] = PROBLEMS[problem.code];
    const request_id = res.locals.request_id as string;
    if (status >= 500) log.error({ request_id, err: error }, 'a page of the console failed');
    const body = html`<p>${problem.message}</p>
      ${status >= 500 && html`<p class="quiet">Request ${request_id}</p>`}
      <p><a href="/console">To the console</a></p>`;
    sendPage(res.set(problemHeaders(problem)), { title, body }, status);
  };
}
