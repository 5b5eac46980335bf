import type { Response } from 'express';
import { requestIdOf, traceOf } from '../../http/locals.ts';
import type { JobOrigin } from '../../jobs/http/create/new-job.ts';
import { actorOf, sessionOf } from './browser-session.ts';

/** The origin of a job that somebody creates on a page. */
export function jobOriginOf(res: Response): JobOrigin {
  return {
    account_id: sessionOf(res).account_id,
    by: actorOf(res),
    request_id: requestIdOf(res),
    traceparent: traceOf(res),
    idempotency: null,
  };
}
