import cors, { type CorsOptions } from 'cors';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { recordAudit } from '../accounts/audit.ts';
import { authenticate } from '../accounts/keys/keys.ts';
import { createRateLimiter } from '../accounts/rate-limit.ts';
import { isSigned, parseLink, RESULTS_PATH, type SignedLink } from '../accounts/result-links.ts';
import { consoleRoutes } from '../console/routes.ts';
import type { Context } from '../context.ts';
import { firecrawlRoutes } from '../firecrawl/routes.ts';
import { docsRoutes } from '../docs/routes.ts';
import { AttemptLimit } from '../http/access/attempt-limit.ts';
import { requireKey, requireToken } from '../http/access/auth.ts';
import { requireLink, type LinkCheck } from '../http/access/link.ts';
import { answerInTurn } from '../http/server/connections.ts';
import { accountIdOf, setRoute } from '../http/locals.ts';
import { requestLog } from '../http/observe/request-log.ts';
import { traceRequests } from '../http/observe/request-trace.ts';
import { problemHandler } from '../http/problem.ts';
import { BodyBudget } from '../http/body/budget.ts';
import { createBodyReader, type BodyReader } from '../http/body/json-body.ts';
import { limitRate } from '../http/access/rate-limit.ts';
import { registerRoutes, type Gates } from '../http/route/register.ts';
import { callbacks } from '../jobs/http/schemas/callbacks.ts';
import { mcpRoutes } from '../mcp/http.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { ServiceError } from '../service-error.ts';
import { VERSION } from '../version.ts';
import type { ApiContext, ApiParts } from './context.ts';
import { openApiDocument } from './openapi.ts';
import { ROUTES } from './routes.ts';

/** What pages of CORS_ORIGINS may call. */
const FOR_BROWSERS = ['/v1', '/v2', '/mcp', RESULTS_PATH, '/openapi.json'];
/** Of one address in a minute. */
const MAX_WRONG_KEYS = 100;

let document: string | undefined;

/** The API's document as JSON. Making it takes 50 ms, so it waits for the first request. */
function openApi(): string {
  return (document ??= JSON.stringify(openApiDocument(ROUTES, callbacks)));
}

/**
 * The HTTP API with the console and the documents. Every path under /v1 needs a key; every error is
 * a problem document.
 */
export function createApp(context: Context, parts: ApiParts): Express {
  const app = express();
  const metrics = createMetrics(context);
  const bodies = new BodyBudget();
  const gates = gatesOf(context, createBodyReader(bodies));
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('trust proxy', context.config.trustProxy);
  app.use(answerInTurn());
  app.use(requestLog(context.log));
  app.use(traceRequests);
  if (metrics) app.use(metrics.observe);
  app.use(helmet());
  app.use(ignoreRangeUnlessGet);
  app.use('/console', setRoute('/console'), consoleRoutes(context, { ...parts, bodies }));
  app.use('/docs', setRoute('/docs'));
  app.use(docsRoutes());
  if (context.config.corsOrigins.length > 0) app.use(FOR_BROWSERS, cors(corsOptions(context)));
  const shared: ApiContext = { ...context, ...parts, metrics, openApi };
  registerRoutes(app, ROUTES, shared, gates);
  if (context.config.firecrawlApi) app.use(firecrawlRoutes(shared, gates));
  const { corsOrigins: origins, publicUrl } = context.config;
  app.use(mcpRoutes({ routes: ROUTES, context: shared, gates, origins, version: VERSION, publicUrl }));
  app.use('/v1', ...gates.account);
  app.use(refuseUnknown);
  app.use(problemHandler(context.log));
  return app;
}

/**
 * The API takes keys in a header and no cookies: a page needs its account's key to read anything,
 * or a link that the account has signed.
 */
function corsOptions({ config }: Context): CorsOptions {
  return {
    origin: config.corsOrigins.includes('*') ? '*' : config.corsOrigins,
    methods: ['GET', 'POST', 'PATCH', 'DELETE'],
    exposedHeaders: [
      'X-Request-Id',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'Location',
      'ETag',
      'Content-Range',
      'Content-Digest',
      'Repr-Digest',
      'Mcp-Session-Id',
    ],
    maxAge: 3600,
  };
}

function gatesOf({ db, config }: Context, readBody: BodyReader): Gates {
  const limiter = createRateLimiter(db, config.rateLimitPerMinute);
  const attempts = new AttemptLimit(MAX_WRONG_KEYS);
  return {
    anyone: [],
    account: [requireKey((key) => authenticate(db, key), attempts), ...(limiter ? [limitRate(limiter)] : [])],
    link: [requireLink(linkCheck(db), attempts), ...(limiter ? [limitRate(limiter, accountIdOf)] : [])],
    operator: [requireToken(config.adminToken, attempts)],
    readBody,
    audit: async ({ caller, ...call }) =>
      await recordAudit(db, {
        account_id: caller.id,
        actor: { kind: 'key', key_id: caller.keyId, ip: call.ip },
        ...call,
      }),
  };
}

/** A link to the result of a job: the path names the job, the query the rest. */
function linkCheck(db: Context['db']): LinkCheck<SignedLink> {
  return {
    parse: (req) => parseLink(String(req.params.job_id), req.query),
    isSigned: async (link) => await isSigned(db, link),
  };
}

/** A range is a part of what GET reads; other methods have none (RFC 9110, 14.2). */
const ignoreRangeUnlessGet: RequestHandler = (req, _res, next) => {
  if (req.method !== 'GET') delete req.headers.range;
  next();
};

const refuseUnknown: RequestHandler = (req) => {
  throw new ServiceError('not_found', `There is no ${req.method} ${req.path}.`);
};
