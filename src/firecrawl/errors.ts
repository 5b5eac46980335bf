import type { ErrorRequestHandler } from 'express';
import { requestIdOf } from '../http/locals.ts';
import { PROBLEMS, problemHeaders, toServiceError } from '../http/problem.ts';
import type { Log } from '../log.ts';
import { ServiceError } from '../service-error.ts';

/** Statuses that Firecrawl answers with where ours differ. */
const STATUSES: Partial<Record<ServiceError['code'], number>> = {
  validation_failed: 400,
  idempotency_mismatch: 409,
};

/** A page that did not come back, as the answer to a scrape of it. */
export class ScrapeFailed extends Error {
  override name = 'ScrapeFailed';
  readonly status: number;
  readonly code: string;
  constructor({ code, message }: { code: string; message: string }) {
    super(message);
    this.code = `SCRAPE_${code.toUpperCase()}`;
    this.status = code === 'timeout' || code === 'deadline_exceeded' ? 408 : 422;
  }
}

/** Answers every error in Firecrawl's form. Errors that are not the caller's fault are logged. */
export function firecrawlErrors(log: Log): ErrorRequestHandler {
  return (error: unknown, _req, res, next) => {
    const request_id = requestIdOf(res);
    if (res.headersSent) {
      log.warn({ request_id, err: error }, 'response aborted');
      next(error);
      return;
    }
    if (error instanceof ScrapeFailed) {
      res.status(error.status).json({ success: false, code: error.code, error: error.message });
      return;
    }
    const known = toServiceError(error);
    const status = STATUSES[known.code] ?? PROBLEMS[known.code][0];
    if (status >= 500) log.error({ request_id, err: error }, 'request failed');
    const details = known.errors === undefined ? {} : { details: known.errors };
    res.status(status).set(problemHeaders(known));
    res.json({ success: false, code: known.code.toUpperCase(), error: known.message, ...details });
  };
}
