import type { Role } from './environment.ts';

/** A program on this machine, or a browser that runs elsewhere. */
export type BrowserAddress = { path: string } | RemoteBrowser;

export interface RemoteBrowser {
  url: string;
  /** Where it reaches this process, which is its proxy; null: that is found out. */
  proxyHost: string | null;
  /** The first and the last port of the proxy; 0: any that is free. */
  proxyPorts: readonly [first: number, last: number];
}

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
  /** Where callers reach the service, without a slash at the end; undefined: nobody has said. */
  publicUrl: string | undefined;
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
