import type { IRouter, Request, RequestHandler, Response } from 'express';
import { invalidField, ServiceError } from '../service-error.ts';
import { bodyBytes, parseBody, parseNothing, parseValue, rawBody } from './json-body.ts';
import { callerOf, requestIdOf, setRoute, traceOf, type Caller } from './locals.ts';
import { sendReply, untilClosed } from './reply.ts';
import type { Access, Deprecation, Route, RouteDescription } from './route.ts';

const MIB = 1024 * 1024;

/** What a request passes before its handler, by who may call the route. */
export type Gates = Record<Access, RequestHandler[]>;

/** Adds the routes to the router. A path answers 405 with `Allow` to methods that it does not have. */
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
        ...readBody(declared),
        handler(declared, context),
      );
    }
    registered.all(...gates[atPath[0]!.access], refuseMethod(atPath));
  }
}

/** Paths without parameters first: `/v1/deliveries/recover` is not the delivery `recover`. */
function byPrecedence<Context>(routes: readonly Route<Context>[]): Route<Context>[] {
  return routes.toSorted((a, b) => Number(a.path.includes('{')) - Number(b.path.includes('{')));
}

function handler<Context>(declared: Route<Context>, context: Context): RequestHandler {
  return async (req, res) => {
    const reply = await declared.handle(
      {
        account: (declared.access === 'account' ? callerOf(res) : undefined) as Caller,
        params: req.params as Record<string, string>,
        query: declared.query && parseValue(req.query, declared.query),
        body: bodyOf(declared, req),
        bytes: bodyBytes(req),
        path: req.path,
        headers: req.headers,
        idempotencyKey: declared.idempotent ? idempotencyKeyOf(req) : null,
        requestId: requestIdOf(res),
        traceparent: traceOf(res),
        signal: untilClosed(res),
      },
      context,
    );
    await sendReply(res, reply, declared.answers[reply.status ?? 200]?.contentType);
  };
}

/** Without a body schema the route takes no field. */
function bodyOf(declared: RouteDescription, req: Request): unknown {
  if (declared.body) return parseBody(req, declared.body);
  if (declared.method === 'post') parseNothing(req);
  return undefined;
}

function readBody({ method, body, bodyLimit }: RouteDescription): RequestHandler[] {
  return method === 'post' ? [rawBody(bodyLimit ?? (body ? MIB : 1024))] : [];
}

function idempotencyKeyOf(req: Request): string | null {
  const key = req.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(key))
    throw invalidField('Idempotency-Key', 'must have 1 to 255 printable ASCII characters');
  return key;
}

/** RFC 9745, RFC 8594, and a link to the successor: in every answer of the route, errors included. */
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
