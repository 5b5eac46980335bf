import { isIP } from 'node:net';
import { z } from 'zod';
import { parseUpstream } from '../egress/upstream/upstream.ts';
import { isExecutable } from './find-browser.ts';
import { cidrs, isNameServer, isNetwork, isOrigin, isPublicUrl, list, whole } from './values.ts';

export const ROLES = ['web', 'worker', 'dispatcher'] as const;
export type Role = (typeof ROLES)[number];

/** The retry schedule: seconds to wait after the first, second, … failed attempt. */
export const DEFAULT_RETRY_SCHEDULE = [5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 57600, 86400, 86400];

const MAX_PROXIES = 1000;
const PROXY_HINT = 'must be like http://user:password@host:3128, https://… or socks5://…';
const HOST_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/;
const PORTS = /^(\d{1,5})(?:-(\d{1,5}))?$/;
const PORTS_HINT = 'must be a port from 1024 on, or two like 3128-3143';

/** The variables of the service, but for what DATABASE_URL takes from libpq's. */
export const environment = z.object({
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
  PUBLIC_URL: z
    .string()
    .refine(isPublicUrl, 'must be the address of this service, like https://scrape.example.com')
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
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
  BROWSER_PROXY_HOST: z
    .string()
    .refine((host) => isIP(host) !== 0 || HOST_NAME.test(host), 'must be a name or an IP address')
    .optional(),
  BROWSER_PROXY_PORTS: z
    .string()
    .transform((text) => PORTS.exec(text))
    .transform((range) => [Number(range?.[1]), Number(range?.[2] ?? range?.[1])] as const)
    .refine(([first, last]) => first >= 1024 && first <= last && last <= 65_535, PORTS_HINT)
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

/** The variables of a caller. */
export const clientEnvironment = z.object({
  PORT: environment.shape.PORT,
  OLLAGRAPH_URL: z
    .url({ protocol: /^https?$/, error: 'must start with http:// or https://' })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional(),
  OLLAGRAPH_API_KEY: environment.shape.OLLAGRAPH_API_KEY,
  OLLAGRAPH_WEBHOOK_SECRET: z.string().optional(),
});

/** Every variable that the service and its command line read. */
export const KNOWN_VARIABLES = [...VARIABLES, ...Object.keys(clientEnvironment.shape)];
