import { isIP } from 'node:net';
import { z } from 'zod';
import { CidrList } from '../egress/connect/address.ts';
import { parseUpstream } from '../egress/upstream/upstream.ts';
import { completeDatabaseUrl } from '../database/connect/url.ts';
import { findBrowser, isExecutable } from './find-browser.ts';
import { findLookalikes } from './lookalikes.ts';
import { OperatorError } from '../operator-error.ts';

export const ROLES = ['web', 'worker', 'dispatcher'] as const;
export type Role = (typeof ROLES)[number];

/**
 * A configuration that cannot be used. The message has one line for each wrong variable, which
 * names it.
 */
export class ConfigError extends OperatorError {
  override name = 'ConfigError';
}

/** The retry schedule: seconds to wait after the first, second, … failed attempt. */
export const DEFAULT_RETRY_SCHEDULE = [5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 57600, 86400, 86400];

const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be from ${min} to ${max}`);

const list = z.string().transform((s) =>
  s
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const cidrs = list.refine(
  (items) => items.every(isCidr),
  'must be a comma-separated list of CIDRs like 127.0.0.0/8',
);

/** A prefix length is required, so that nobody opens more or less than they meant. */
function isCidr(text: string): boolean {
  if (!text.includes('/')) return false;
  try {
    return new CidrList([text]).entries.length === 1;
  } catch {
    return false;
  }
}

/** An address, a CIDR, or one of the names that Express has for private networks. */
function isNetwork(text: string): boolean {
  return ['loopback', 'linklocal', 'uniquelocal'].includes(text) || isIP(text) !== 0 || isCidr(text);
}

function isOrigin(text: string): boolean {
  return text === '*' || URL.parse(text)?.origin === text;
}

/** An IP address, alone or with a port: 192.0.2.1, 192.0.2.1:53, 2001:db8::1, [2001:db8::1]:53. */
function isNameServer(text: string): boolean {
  const [, bracketed, v4] = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/.exec(text) ?? [];
  return isIP(bracketed ?? v4 ?? text) !== 0;
}

const MAX_PROXIES = 1000;
const PROXY_HINT = 'must be like http://user:password@host:3128, https://… or socks5://…';

const environment = z.object({
  HOST: z
    .string()
    .regex(/^[A-Za-z0-9.:_-]+$/, 'must be an address of this machine, like 127.0.0.1 or ::')
    .optional(),
  PORT: whole(0, 65535).default(3000),
  DATABASE_URL: z.string().optional(),
  DATABASE_POOL: whole(2, 200).default(5),
  DATABASE_LISTEN: z.enum(['on', 'off']).default('on'),
  DATA_DIR: z.string().min(1).default('.data'),
  ROLES: list
    .refine((roles) => roles.length > 0 && roles.every((r) => (ROLES as readonly string[]).includes(r)), {
      message: `must be a comma-separated list of ${ROLES.join(', ')}`,
    })
    .transform((roles) => roles as Role[])
    .default([...ROLES]),
  OLLAGRAPH_API_KEY: z
    .string()
    .min(16, 'must have at least 16 characters')
    .max(200)
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII')
    .optional(),
  SECRET_KEY: z.string().min(16, 'must have at least 16 characters').optional(),
  SECRET_KEY_PREVIOUS: z.string().min(16, 'must have at least 16 characters').optional(),
  ADMIN_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  TRUST_PROXY: list
    .refine((items) => items.every(isNetwork), 'must be addresses or CIDRs of proxies, comma-separated')
    .optional(),
  FIRECRAWL_API: z.enum(['on', 'off']).default('on'),
  CORS_ORIGINS: list
    .refine(
      (items) => items.every(isOrigin),
      'must be origins like https://app.example.com, comma-separated, or *',
    )
    .default([]),
  CONNECTIONS_PER_ADDRESS: whole(1, 1_000_000).default(512),
  ALLOW_PRIVATE_TARGETS: cidrs.default([]),
  ALLOW_PRIVATE_WEBHOOKS: cidrs.default([]),
  DNS_SERVERS: list
    .refine((servers) => servers.every(isNameServer), 'must be IP addresses, comma-separated')
    .default([]),
  PROXIES: list
    .refine(
      (urls) => urls.length <= MAX_PROXIES && urls.every((url) => parseUpstream(url) !== null),
      PROXY_HINT,
    )
    .default([]),
  PROXY_MODE: z.enum(['on', 'off', 'on_block']).default('on'),
  PROXY_DNS: z.enum(['local', 'remote']).default('local'),
  ALLOW_CALLER_PROXIES: z.enum(['true', 'false']).default('false'),
  WEBHOOK_PROXY: z
    .string()
    .refine((url) => parseUpstream(url) !== null, PROXY_HINT)
    .optional(),
  FREE_CREDITS: whole(0, 1_000_000_000).default(1000),
  RATE_LIMIT_PER_MINUTE: whole(0, 1_000_000).default(600),
  HOST_CONCURRENCY: whole(1, 256).default(8),
  WEBHOOK_RETRY_SCHEDULE: list
    .refine(
      (items) => items.length > 0 && items.every((s) => /^\d{1,7}$/.test(s)),
      'must be seconds, comma-separated',
    )
    .transform((items) => items.map(Number))
    .default(DEFAULT_RETRY_SCHEDULE),
  WEBHOOK_TIMEOUT_MS: whole(100, 120_000).default(15_000),
  WEBHOOK_CONCURRENCY_MAX: whole(1, 512).default(64),
  WORKER_THREADS: whole(1, 64).default(1),
  CHROMIUM_PATH: z.string().refine(isExecutable, 'must be a program that can be run').optional(),
  BROWSER_URL: z
    .string()
    .refine(
      (text) => /^(wss?|https?):$/.test(URL.parse(text)?.protocol ?? ''),
      'must start with ws://, wss://, http:// or https://',
    )
    .optional(),
  RENDER_CONCURRENCY: whole(1, 64).default(2),
  RENDER_CREDITS: whole(1, 1000).default(5),
  RETENTION_DAYS: whole(1, 3650).default(30),
  SCHEDULE_MIN_SECONDS: whole(1, 86_400).default(60),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  CRASH_POINT: z
    .string()
    .regex(/^[a-z.]+(:[1-9]\d*)?$/, 'must be the name of a crash point, or name:nth')
    .optional(),
  DYNO: z.string().optional(),
});

/** Every variable that the service reads. */
export const VARIABLES = Object.keys(environment.shape);

/** A program on this machine, or a browser that runs elsewhere. */
export type BrowserAddress = { path: string } | { url: string };

export interface Config {
  /** The address to listen on; undefined: all of this machine. */
  host: string | undefined;
  port: number;
  /**
   * Complete: libpq's PG* variables are part of it. Undefined: an embedded Postgres is started
   * under dataDir.
   */
  databaseUrl: string | undefined;
  /** Connections of the main thread. Each worker thread has two more. */
  databasePool: number;
  /**
   * Whether LISTEN is used. It does not work behind a pooler in transaction mode; then work is
   * found by polling.
   */
  databaseListen: boolean;
  dataDir: string;
  roles: Role[];
  apiKey: string | undefined;
  secretKey: string | undefined;
  /** Opens secrets that it sealed, until they are resealed. */
  secretKeyPrevious: string | undefined;
  adminToken: string | undefined;
  /**
   * Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, as Express's `trust proxy`
   * takes them.
   */
  trustProxy: string[];
  /** Whether /v2 answers as Firecrawl does. */
  firecrawlApi: boolean;
  /** Origins whose pages may call the API from a browser. */
  corsOrigins: string[];
  /** Most open connections of one address that is no proxy. */
  connectionsPerAddress: number;
  allowPrivateTargets: string[];
  allowPrivateWebhooks: string[];
  /** Name servers to ask instead of the system's. */
  dnsServers: string[];
  /** URLs of proxies for pages, with their credentials. */
  proxies: string[];
  /** Which pages go through the proxies, where their request does not say. */
  proxyMode: 'on' | 'off' | 'on_block';
  /** Who resolves the names of pages that go through a proxy. */
  proxyDns: 'local' | 'remote';
  allowCallerProxies: boolean;
  /** The URL of the proxy for callbacks. */
  webhookProxy: string | undefined;
  freeCredits: number;
  rateLimitPerMinute: number;
  hostConcurrency: number;
  /** Seconds. */
  webhookRetrySchedule: number[];
  webhookTimeoutMs: number;
  /** The most requests under way to one endpoint from one dispatcher. */
  webhookConcurrencyMax: number;
  /** Threads for batches and crawls; one more serves single pages. */
  workerThreads: number;
  /** The browser that renders pages; null: there is none. */
  browser: BrowserAddress | null;
  /** Pages rendered at once. */
  renderConcurrency: number;
  /** What a rendered page costs. */
  renderCredits: number;
  retentionDays: number;
  /** The shortest interval at which a schedule may run. */
  scheduleMinSeconds: number;
  logLevel: string;
  /** For tests only: where the process kills itself. */
  crashPoint: string | undefined;
  /**
   * Variables that are not read and look as if they were meant to be, with the name that each
   * resembles.
   */
  lookalikes: { name: string; meant: string | null }[];
  /** Proxy variables of other programs (HTTP_PROXY, …) that are set. They are not used. */
  proxyVariables: string[];
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

type BrowserVariables = Pick<z.infer<typeof environment>, 'BROWSER_URL' | 'CHROMIUM_PATH' | 'DYNO'>;

/**
 * A dyno has no room for a browser: one that happens to be on its path is not used without being
 * named.
 */
function browserOf(
  { BROWSER_URL, CHROMIUM_PATH, DYNO }: BrowserVariables,
  path: string,
): BrowserAddress | null {
  if (BROWSER_URL !== undefined) return { url: BROWSER_URL };
  const program = CHROMIUM_PATH ?? (DYNO === undefined ? findBrowser(path) : null);
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
    lookalikes: findLookalikes(env, KNOWN),
    proxyVariables: PROXY_VARIABLES.filter((name) => (env[name] ?? '') !== ''),
  };
}

const clientEnvironment = z.object({
  PORT: environment.shape.PORT,
  OLLAGRAPH_URL: z
    .url({ protocol: /^https?$/, error: 'must start with http:// or https://' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  OLLAGRAPH_API_KEY: environment.shape.OLLAGRAPH_API_KEY,
  OLLAGRAPH_WEBHOOK_SECRET: z.string().optional(),
});

/** Every variable that the service and its command line read. */
const KNOWN = [...VARIABLES, ...Object.keys(clientEnvironment.shape)];

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
