import type { RequestHandler } from 'express';
import { markFailed, startRequestSpan, traceparentOf, within } from '../../tracing.ts';
import { requestIdOf, routeOf } from '../locals.ts';
import { PROBES } from './request-log.ts';

/**
 * Starts a span for every request, or continues the caller's trace. The span ends with the answer.
 */
export const traceRequests: RequestHandler = (req, res, next) => {
  if (PROBES.has(req.path)) return next();
  const { method, path } = req;
  const traceparent = req.headers.traceparent;
  const span = startRequestSpan(method, typeof traceparent === 'string' ? traceparent : undefined, {
    'http.request.method': method,
    'url.path': path,
    'ollagraph.request_id': requestIdOf(res),
  });
  res.locals.traceparent = traceparentOf(span);
  if (!span.isRecording()) return within(span, next);
  res.once('close', () => {
    span.updateName(`${method} ${routeOf(res)}`);
    span.setAttribute('http.route', routeOf(res));
    span.setAttribute('http.response.status_code', res.statusCode);
    if (res.statusCode >= 500) markFailed(span);
    span.end();
  });
  within(span, next);
};
