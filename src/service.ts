import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ensureFirstAccount } from './accounts/first-start.ts';
import { createSecretBox } from './accounts/secrets.ts';
import { createApp } from './api/app.ts';
import type { Health } from './api/health.ts';
import type { Context } from './context.ts';
import { limitConnections } from './http/connections.ts';
import { JobWaiter } from './jobs/wait.ts';
import { startMaintenance } from './maintenance.ts';
import { Dispatcher } from './webhooks/dispatch/dispatcher.ts';
import { WorkerPool } from './workers/pool/pool.ts';

/** A stop is over after this; a platform kills at 30 s. */
const WORK_GRACE_MS = 12_000;
const WORK_LIMIT_MS = 20_000;
const CONNECTIONS_GRACE_MS = 20_000;

export interface Service {
  /** The port that the API listens on; null without the role `web`. */
  port: number | null;
  /** The key of an account that was made just now and has to be shown, or null. */
  firstKey: string | null;
  /** Turns routers away: /readyz answers 503 and every answer closes its connection. All else goes on. */
  drain(): void;
  /** Stops taking work, lets what is under way finish within 20 s, and returns. */
  stop(): Promise<void>;
}

/** Starts the roles that the configuration names, all on one context. */
export async function startService(context: Context): Promise<Service> {
  const { config, db, log } = context;
  const box = createSecretBox(config.secretKey, config.secretKeyPrevious);
  const health: Health = { stopping: false, parts: {} };
  const firstKey = await ensureFirstAccount(db, box, config);
  const stopMaintenance = startMaintenance(context);

  const dispatcher = config.roles.includes('dispatcher') ? new Dispatcher(context, box) : null;
  if (dispatcher) {
    dispatcher.start();
    health.parts.dispatcher = () => dispatcher.healthy;
  }
  const workers = config.roles.includes('worker') ? new WorkerPool(context) : null;
  if (workers) {
    await workers.start();
    health.parts.workers = () => workers.healthy;
  }
  const waiter = new JobWaiter(db, context.notifications);
  const api = config.roles.includes('web')
    ? await listen(context, createApp(context, { box, health, waiter }), health)
    : null;

  return {
    port: api?.port ?? null,
    firstKey,
    drain() {
      health.stopping = true;
    },
    async stop() {
      health.stopping = true;
      waiter.stop();
      stopMaintenance();
      log.info('stopping: no new work is taken');
      await Promise.all([
        api?.close(),
        workers?.stop(WORK_GRACE_MS, WORK_LIMIT_MS),
        dispatcher?.stop(WORK_LIMIT_MS),
      ]);
    },
  };
}

interface Listening {
  port: number;
  /** Requests under way are answered, idle connections closed; what is still open after the grace is cut. */
  close(): Promise<void>;
}

async function listen(
  { config, log }: Context,
  app: ReturnType<typeof createApp>,
  health: Health,
): Promise<Listening> {
  const server = app.listen(config.port);
  limitConnections(server, {
    perAddress: config.connectionsPerAddress,
    isProxy: (address) =>
      (app.get('trust proxy fn') as (address: string, hop: number) => boolean)(address, 0),
    log,
  });
  server.requestTimeout = 60_000;
  // Longer than any router in front keeps its connections: Heroku's 90 s.
  server.keepAliveTimeout = 95_000;
  const open = new Set<ServerResponse>();
  server.prependListener('request', (_req, res: ServerResponse) => {
    open.add(res);
    res.once('close', () => open.delete(res));
    if (health.stopping) res.shouldKeepAlive = false;
  });
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server, open) };
}

async function closeServer(server: Server, open: Set<ServerResponse>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const res of open) if (!res.headersSent) res.shouldKeepAlive = false;
  // A connection is kept alive after its answer: those that are busy now become idle one by one.
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const cut = setTimeout(() => server.closeAllConnections(), CONNECTIONS_GRACE_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
