import type { ErrorRequestHandler, Response } from 'express';
import { answerErrors, PROBLEMS, problemHeaders } from '../http/problem.ts';
import type { Log } from '../log.ts';
import type { ServiceError } from '../service-error.ts';

/** Firecrawl's statuses, where ours differ. */
const STATUSES: Partial<Record<ServiceError['code'], number>> = {
  validation_failed: 400,
  idempotency_mismatch: 409,
};

/** The page of a scrape did not come back. */
export class ScrapeFailedError extends Error {
  override name = 'ScrapeFailedError';
  readonly status: number;
  readonly code: string;
  constructor({ code, message }: { code: string; message: string }) {
    super(message);
    this.code = `SCRAPE_${code.toUpperCase()}`;
    this.status = code === 'timeout' || code === 'deadline_exceeded' ? 408 : 422;
  }
}

/** Answers every error in Firecrawl's form. Errors that are not the caller's fault are logged. */
export const firecrawlErrors = (log: Log): ErrorRequestHandler => answerErrors(log, sendError);

function sendError(res: Response, known: ServiceError, thrown: unknown): void {
  if (thrown instanceof ScrapeFailedError) {
    res.status(thrown.status).json({ success: false, code: thrown.code, error: thrown.message });
    return;
  }
  const details = known.errors === undefined ? {} : { details: known.errors };
  res.status(STATUSES[known.code] ?? PROBLEMS[known.code][0]).set(problemHeaders(known));
  res.json({ success: false, code: known.code.toUpperCase(), error: known.message, ...details });
}
