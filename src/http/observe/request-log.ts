import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Log } from '../../log.ts';

const SANE = /^[A-Za-z0-9._-]{1,64}$/;
/** Paths that monitors poll. */
export const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/**
 * Gives every request an id and sends it back in `X-Request-Id`: the client's own id where it has a
 * plain form. Logs one line when the answer is complete.
 */
export function requestLog(log: Log): RequestHandler {
  return (req, res, next) => {
    const given = req.headers['x-request-id'];
    const request_id = typeof given === 'string' && SANE.test(given) ? given : randomUUID();
    res.locals.request_id = request_id;
    res.setHeader('X-Request-Id', request_id);
    const start = performance.now();
    // A router shortens the path to what is below it.
    const { method, path } = req;
    res.once('close', () => {
      const level = PROBES.has(path) ? 'debug' : 'info';
      log[level](
        {
          request_id,
          account_id: res.locals.account_id as string | undefined,
          method,
          path,
          status: res.statusCode,
          ms: Math.round(performance.now() - start),
          ...(res.writableFinished ? {} : { broken_off: true }),
        },
        'request',
      );
    });
    next();
  };
}
