import type { IRouter, Request, RequestHandler, Response } from 'express';
import { invalidField, ServiceError } from '../../service-error.ts';
import { bodyOf, type BodyReader, type JsonBody } from '../body/json-body.ts';
import { callerOf, requestIdOf, setRoute, traceOf, type Caller } from '../locals.ts';
import { requireScope } from '../access/scope.ts';
import { audited, type Audit } from './audit.ts';
import { sendReply, untilClosed } from './reply.ts';
import { takesBody, type Access, type Deprecation, type Route, type RouteDescription } from './route.ts';
import { parseValue } from './validate.ts';

const MIB = 1024 * 1024;
/** A metadata of 16 KiB has about 8,000 values at most. */
const MAX_VALUES = 10_000;
/** Stands for the body of a request without one. */
const NO_BODY: JsonBody = { value: undefined, bytes: Buffer.alloc(0), verbatim: {} };

/**
 * The gates before a handler, by who may call the route. All surfaces share one `readBody`, and so
 * its limits.
 */
export type Gates = Record<Access, RequestHandler[]> & { readBody: BodyReader; audit: Audit };

/**
 * Adds the routes to the router. A path answers 405 with `Allow` to methods that it does not have.
 */
export function registerRoutes<Context>(
  router: IRouter,
  routes: readonly Route<Context>[],
  context: Context,
  gates: Gates,
): void {
  for (const [path, atPath] of Map.groupBy(byPrecedence(routes), (declared) => declared.path)) {
    const registered = router.route(path.replace(/\{(\w+)\}/g, ':$1'));
    registered.all(setRoute(path));
    for (const declared of atPath) {
      registered[declared.method](
        ...announceDeprecation(declared.deprecation),
        ...gates[declared.access],
        ...requireScope(declared),
        ...(takesBody(declared) ? [gates.readBody(bodyLimits(declared), declared.body)] : []),
        handler(declared, context, gates.audit),
      );
    }
    registered.all(...gates[atPath[0]!.access], refuseMethod(atPath));
  }
}

/** Paths without parameters first: `/v1/deliveries/recover` is not the delivery `recover`. */
function byPrecedence<Context>(routes: readonly Route<Context>[]): Route<Context>[] {
  return routes.toSorted((a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')));
}

function handler<Context>(declared: Route<Context>, context: Context, audit: Audit): RequestHandler {
  return async (req, res) => {
    const { value, bytes, verbatim } = takesBody(declared) ? bodyOf(res) : NO_BODY;
    const request = {
      account: (declared.access === 'account' ? callerOf(res) : undefined) as Caller,
      params: req.params as Record<string, string>,
      query: declared.query && parseValue(req.query, declared.query),
      body: declared.body ? value : undefined,
      bytes,
      verbatim,
      path: req.path,
      origin: `${req.protocol}://${req.host}`,
      headers: req.headers,
      idempotencyKey: declared.idempotent ? idempotencyKeyOf(req) : null,
      requestId: requestIdOf(res),
      ip: req.ip ?? null,
      traceparent: traceOf(res),
      signal: untilClosed(res),
    };
    const reply = await declared.handle(request, context);
    await audited(declared, request, reply, audit);
    await sendReply(res, reply, declared.answers[reply.status ?? 200]?.contentType);
  };
}

function bodyLimits({ body, limits = {} }: RouteDescription) {
  return { bytes: body ? MIB : 1024, values: MAX_VALUES, verbatim: {}, ...limits };
}

function idempotencyKeyOf(req: Request): string | null {
  const key = req.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(key))
    throw invalidField('Idempotency-Key', 'must have 1 to 255 printable ASCII characters');
  return key;
}

/**
 * RFC 9745, RFC 8594, and a link to the successor: in every answer of the route, errors included.
 */
function announceDeprecation(deprecation: Deprecation | undefined): RequestHandler[] {
  if (!deprecation) return [];
  const { since, until, successor } = deprecation;
  const headers = {
    Deprecation: `@${Date.parse(since) / 1000}`,
    Sunset: new Date(until).toUTCString(),
    Link: `<${successor}>; rel="successor-version"`,
  };
  return [
    (_req, res, next) => {
      res.set(headers);
      next();
    },
  ];
}

function refuseMethod(routes: RouteDescription[]): RequestHandler {
  const methods = routes.map(({ method }) => method.toUpperCase());
  return (req: Request, res: Response) => {
    res.set('Allow', methods.join(', '));
    throw new ServiceError('method_not_allowed', `${req.path} takes ${methods.join(' and ')}.`);
  };
}
