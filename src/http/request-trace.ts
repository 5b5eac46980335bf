import type { RequestHandler, Response } from 'express';
import { markFailed, startRequestSpan, traceparentOf, within } from '../tracing.ts';
import { routeOf } from '../api/operations.ts';
import { PROBES } from './request-log.ts';
import { requestIdOf } from './auth.ts';

/** Begins a span for every request, or continues the caller's trace; it ends with the answer. */
export const traceRequests: RequestHandler = (req, res, next) => {
  if (PROBES.has(req.path)) return next();
  const { method, path } = req;
  const route = routeOf(method, path);
  const traceparent = req.headers.traceparent;
  const span = startRequestSpan(
    `${method} ${route}`,
    typeof traceparent === 'string' ? traceparent : undefined,
    {
      'http.request.method': method,
      'http.route': route,
      'url.path': path,
      'ollagraph.request_id': requestIdOf(res),
    },
  );
  res.locals.traceparent = traceparentOf(span);
  if (!span.isRecording()) return within(span, next);
  // A streamed answer has ten listeners already, from where on Node suspects a leak.
  res.setMaxListeners(res.getMaxListeners() + 1).once('close', () => {
    span.setAttribute('http.response.status_code', res.statusCode);
    if (res.statusCode >= 500) markFailed(span);
    span.end();
  });
  within(span, next);
};

/** The `traceparent` of whatever this request leads to; null where nobody traces. */
export function traceOf(res: Response): string | null {
  return (res.locals.traceparent as string | null | undefined) ?? null;
}
