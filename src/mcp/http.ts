import { randomUUID } from 'node:crypto';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { Notifications } from '../database/notifications.ts';
import type { Db } from '../database/tables.ts';
import { bodyOf } from '../http/body/json-body.ts';
import { callerOf, requestIdOf, setRoute, traceOf } from '../http/locals.ts';
import { toServiceError } from '../http/problem.ts';
import { callRoute } from '../http/route/call.ts';
import type { Gates } from '../http/route/register.ts';
import type { Route } from '../http/route/route.ts';
import { MAX_LIST_BYTES } from '../jobs/http/schemas/fields.ts';
import { ServiceError } from '../service-error.ts';
import type { CallApi } from './call.ts';
import { callCancelledBy, callMadeBy, RunningCalls } from './running-calls.ts';

/** A batch's list of URLs comes in one message. */
const LIMITS = { bytes: MAX_LIST_BYTES, values: 110_000, verbatim: {} };

/** What this needs of what the routes are given. */
interface Shared {
  db: Db;
  notifications: Notifications;
}

/**
 * One message: since 2025-06-18 the protocol has no batches, each of which would count as one
 * request.
 */
const oneMessage = z.looseObject({ jsonrpc: z.literal('2.0') });

export interface McpOptions<Context extends Shared> {
  routes: readonly Route<Context>[];
  context: Context;
  gates: Gates;
  /** Origins of pages that may call, besides this service's own. */
  origins: readonly string[];
  version: string;
  /** Where callers reach the service, where somebody has said. */
  publicUrl: string | undefined;
}

/**
 * The Model Context Protocol over streamable HTTP (2025-06-18) at /mcp, behind the same keys. Each
 * request stands alone, so that a client does not notice a restart between two of them: a session
 * is a name by which a client's notices find its calls, and nothing is kept under it.
 */
export function mcpRoutes<Context extends Shared>(options: McpOptions<Context>): Router {
  const router = Router();
  const calls = new RunningCalls(options.context.db, options.context.notifications);
  const { gates, origins } = options;
  router.use('/mcp', setRoute('/mcp'));
  router.post(
    '/mcp',
    refuseOrigins(origins),
    ...gates.account,
    gates.readBody(LIMITS, oneMessage),
    (req, res) => answer(options, calls, req, res),
  );
  router.all('/mcp', ...gates.account, (_req, res) => {
    res.set('Allow', 'POST');
    throw new ServiceError('method_not_allowed', '/mcp takes POST.');
  });
  return router;
}

async function answer<Context extends Shared>(
  options: McpOptions<Context>,
  calls: RunningCalls,
  req: Request,
  res: Response,
): Promise<void> {
  const message = bodyOf(res).value as { method?: unknown };
  const sender = { accountId: callerOf(res).id, session: req.get('mcp-session-id') };
  const cancelled = callCancelledBy(message, sender);
  if (cancelled) await calls.cancel(cancelled);
  // Loaded with the first request, because nothing else needs it.
  const [{ StreamableHTTPServerTransport }, { createMcpServer }] = await Promise.all([
    import('@modelcontextprotocol/sdk/server/streamableHttp.js'),
    import('./server.ts'),
  ]);
  const server = createMcpServer(
    insideApi(options, req, res),
    options.publicUrl ?? `${req.protocol}://${req.host}`,
    options.version,
  );
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  res.once('close', () => void server.close());
  const call = callMadeBy(message, sender);
  if (call)
    res.once(
      'close',
      calls.begin(call, () => giveUp(server, res)),
    );
  if (message.method === 'initialize') res.set('Mcp-Session-Id', randomUUID());
  await server.connect(transport);
  await transport.handleRequest(req, res, message);
}

/** Ends a request whose caller wants no answer any more. */
function giveUp(server: { close(): Promise<void> }, res: Response): void {
  if (res.headersSent) return;
  void server.close();
  res.status(202).end();
}

/** Calls the API's routes for the account of a request. */
function insideApi<Context extends Shared>(
  { routes, context, gates }: McpOptions<Context>,
  req: Request,
  res: Response,
): CallApi {
  const caller = {
    account: callerOf(res),
    requestId: requestIdOf(res),
    ip: req.ip ?? null,
    traceparent: traceOf(res),
  };
  return async (call, signal) => {
    try {
      return {
        ok: true,
        text: await callRoute(routes, context, { ...caller, ...call, signal }, gates.audit),
      };
    } catch (error) {
      const known = toServiceError(error);
      if (known.code === 'internal_error') throw error;
      return { ok: false, reason: known.message };
    }
  };
}

const LOCAL = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

/**
 * A page of another origin may not call, even with a key that it has obtained; nor may one whose
 * name was made to resolve to this machine (DNS rebinding).
 */
function refuseOrigins(allowed: readonly string[]): RequestHandler {
  return (req, _res, next) => {
    const { origin, host } = req.headers;
    const { remoteAddress = '' } = req.socket;
    const rebound = /^(?:::ffff:)?127\.|^::1$/.test(remoteAddress) && !LOCAL.test(host ?? '');
    const own = origin === undefined || (!rebound && URL.parse(origin)?.host === host);
    if (!own && !allowed.includes('*') && !allowed.includes(origin))
      throw new ServiceError('forbidden', `CORS_ORIGINS does not allow ${origin}.`);
    next();
  };
}
