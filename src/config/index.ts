import { z } from 'zod';
import { completeDatabaseUrl } from '../database/connect/url.ts';
import { OperatorError } from '../operator-error.ts';
import type { BrowserAddress, Config } from './config.ts';
import { clientEnvironment, environment, KNOWN_VARIABLES } from './environment.ts';
import { findBrowser } from './find-browser.ts';
import { findLookalikes } from './lookalikes.ts';

export type { Config } from './config.ts';
export { DEFAULT_RETRY_SCHEDULE, VARIABLES } from './environment.ts';

/**
 * A configuration that cannot be used. The message has one line for each wrong variable, which
 * names it.
 */
export class ConfigError extends OperatorError {
  override name = 'ConfigError';
}

/**
 * Throws a ConfigError that names every variable that cannot be used. An empty variable counts as
 * unset.
 */
function parse<S extends z.ZodType>(schema: S, env: NodeJS.ProcessEnv): z.infer<S> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const first = new Map<string, string>();
  for (const { path, message } of parsed.error.issues) {
    const name = String(path[0]);
    if (!first.has(name)) first.set(name, `${name}: ${message}`);
  }
  throw new ConfigError([...first.values()].join('\n'));
}

/** The schema of DATABASE_URL, completed by libpq's variables. */
function databaseUrl(env: NodeJS.ProcessEnv) {
  return z
    .string()
    .transform((url, context) => {
      try {
        return completeDatabaseUrl(url, env);
      } catch (error) {
        context.addIssue((error as Error).message);
        return z.NEVER;
      }
    })
    .optional();
}

type BrowserVariables = Pick<
  z.infer<typeof environment>,
  'BROWSER_URL' | 'BROWSER_PROXY_HOST' | 'BROWSER_PROXY_PORTS' | 'CHROMIUM_PATH' | 'DYNO'
>;
const ANY_PORT = [0, 0] as const;

/**
 * A dyno has no room for a browser: one that happens to be on its path is not used without being
 * named.
 */
function browserOf(v: BrowserVariables, path: string): BrowserAddress | null {
  const { BROWSER_URL: url, BROWSER_PROXY_HOST: proxyHost = null, BROWSER_PROXY_PORTS: ports } = v;
  if (url !== undefined) return { url, proxyHost, proxyPorts: ports ?? ANY_PORT };
  for (const name of ['BROWSER_PROXY_HOST', 'BROWSER_PROXY_PORTS'] as const)
    if (v[name] !== undefined) throw new ConfigError(`${name}: is for a browser at BROWSER_URL`);
  const program = v.CHROMIUM_PATH ?? (v.DYNO === undefined ? findBrowser(path) : null);
  return program === null ? null : { path: program };
}

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];

/** Reads the service's configuration. Throws ConfigError. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const v = parse(environment.extend({ DATABASE_URL: databaseUrl(env) }), env);
  if (v.DYNO !== undefined && v.DATABASE_URL === undefined) {
    throw new ConfigError(
      'DATABASE_URL: not set, and the disk of a dyno does not last. Attach a database first: ' +
        'heroku addons:create heroku-postgresql',
    );
  }
  return {
    host: v.HOST,
    port: v.PORT,
    databaseUrl: v.DATABASE_URL,
    databasePool: v.DATABASE_POOL,
    databaseListen: v.DATABASE_LISTEN === 'on',
    dataDir: v.DATA_DIR,
    roles: v.ROLES,
    apiKey: v.OLLAGRAPH_API_KEY,
    secretKey: v.SECRET_KEY,
    secretKeyPrevious: v.SECRET_KEY_PREVIOUS,
    adminToken: v.ADMIN_TOKEN,
    // Only the platform's routers reach a dyno, from private addresses.
    trustProxy: v.TRUST_PROXY ?? (v.DYNO === undefined ? [] : ['uniquelocal']),
    firecrawlApi: v.FIRECRAWL_API === 'on',
    corsOrigins: v.CORS_ORIGINS,
    publicUrl: v.PUBLIC_URL,
    connectionsPerAddress: v.CONNECTIONS_PER_ADDRESS,
    allowPrivateTargets: v.ALLOW_PRIVATE_TARGETS,
    allowPrivateWebhooks: v.ALLOW_PRIVATE_WEBHOOKS,
    dnsServers: v.DNS_SERVERS,
    proxies: v.PROXIES,
    proxyMode: v.PROXY_MODE,
    proxyDns: v.PROXY_DNS,
    allowCallerProxies: v.ALLOW_CALLER_PROXIES === 'true',
    webhookProxy: v.WEBHOOK_PROXY,
    freeCredits: v.FREE_CREDITS,
    rateLimitPerMinute: v.RATE_LIMIT_PER_MINUTE,
    hostConcurrency: v.HOST_CONCURRENCY,
    webhookRetrySchedule: v.WEBHOOK_RETRY_SCHEDULE,
    webhookTimeoutMs: v.WEBHOOK_TIMEOUT_MS,
    webhookConcurrencyMax: v.WEBHOOK_CONCURRENCY_MAX,
    workerThreads: v.WORKER_THREADS,
    browser: browserOf(v, env.PATH ?? ''),
    renderConcurrency: v.RENDER_CONCURRENCY,
    renderCredits: v.RENDER_CREDITS,
    retentionDays: v.RETENTION_DAYS,
    scheduleMinSeconds: v.SCHEDULE_MIN_SECONDS,
    logLevel: v.LOG_LEVEL,
    crashPoint: v.CRASH_POINT,
    lookalikes: findLookalikes(env, KNOWN_VARIABLES),
    proxyVariables: PROXY_VARIABLES.filter((name) => (env[name] ?? '') !== ''),
  };
}

/** What a caller of the service configures, on whatever machine. */
export interface ClientConfig {
  /** Where the service is, without a slash at the end. */
  url: string;
  apiKey: string | undefined;
  webhookSecret: string | undefined;
}

/** Reads the configuration of a caller; `given` goes before the environment. Throws ConfigError. */
export function readClientConfig(
  given: { url?: string | undefined; key?: string | undefined } = {},
  env: NodeJS.ProcessEnv = process.env,
): ClientConfig {
  const v = parse(clientEnvironment, {
    ...env,
    ...(given.url === undefined ? {} : { OLLAGRAPH_URL: given.url }),
    ...(given.key === undefined ? {} : { OLLAGRAPH_API_KEY: given.key }),
  });
  return {
    url: v.OLLAGRAPH_URL ?? `http://localhost:${v.PORT}`,
    apiKey: v.OLLAGRAPH_API_KEY,
    webhookSecret: v.OLLAGRAPH_WEBHOOK_SECRET,
  };
}
