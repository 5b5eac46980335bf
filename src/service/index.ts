import { checkSecretKey } from '../accounts/check-secret-key.ts';
import { ensureFirstAccount } from '../accounts/first-start.ts';
import { createSecretBox } from '../accounts/secrets.ts';
import { createApp } from '../api/app.ts';
import type { Health } from '../api/health.ts';
import type { Context } from '../context.ts';
import { watchUpgrades } from '../firecrawl/watch.ts';
import { clientAddress } from '../http/server/connections.ts';
import type { HttpServer } from '../http/server/server.ts';
import { JobWaiter } from '../jobs/read/wait.ts';
import { watchDeadlines } from './deadlines.ts';
import { watchLostSlices } from './lost-slices.ts';
import { startMaintenance } from './maintenance.ts';
import { ScheduleTicker } from '../schedules/runs/ticker.ts';
import { Dispatcher } from '../webhooks/dispatch/dispatcher.ts';
import { WorkerPool } from '../workers/pool/pool.ts';
import { registerProxies } from '../workers/proxies/ledger.ts';
import { poolOf } from '../workers/proxies/route.ts';

/** A stop is over after this; a platform kills at 30 s. */
const WORK_GRACE_MS = 12_000;
const WORK_LIMIT_MS = 20_000;
/**
 * Requests that wait for a page do so a little longer than pages are read: the last ones settle.
 */
const WAIT_LIMIT_MS = WORK_GRACE_MS + 1000;
/** The limit where somebody is in a hurry: long enough to put slices back into the queue. */
const HURRY_MS = 2000;

export interface Service {
  /** The port that the API listens on; null without the role `web`. */
  port: number | null;
  /**
   * Makes /readyz answer 503 and every answer close its connection, so that routers turn away. The
   * rest goes on.
   */
  drain(): void;
  /**
   * Stops taking work, waits up to 20 s for what is under way, and returns; within seconds when
   * `hurry` aborts.
   */
  stop(hurry?: AbortSignal): Promise<void>;
}

export interface ServiceOptions {
  /** Listens already; null without the role `web`. Closed by the service. */
  server: HttpServer | null;
  /**
   * Shows the key of an account that is made at this start. It is stored after this has returned.
   */
  showKey: (key: string) => void;
}

/**
 * Starts the roles that the configuration names, all on one context, and serves requests once all
 * of them run. Where a part does not start, those before it are stopped, and it throws: a
 * ConfigError where SECRET_KEY does not fit.
 */
export async function startService(context: Context, { server, showKey }: ServiceOptions): Promise<Service> {
  const { config, db, log } = context;
  await using starting = new AsyncDisposableStack();
  if (server) starting.defer(() => server.close(AbortSignal.abort()));
  const box = createSecretBox(config.secretKey, config.secretKeyPrevious);
  await checkSecretKey(db, box);
  const health: Health = { stopping: false, parts: {} };

  const dispatcher = config.roles.includes('dispatcher') ? new Dispatcher(context, box) : null;
  const workers = config.roles.includes('worker') ? new WorkerPool(context, { dispatch: dispatcher }) : null;
  if (workers) {
    await registerProxies(db, poolOf(config));
    starting.defer(() => workers.stop(0, HURRY_MS));
    await workers.start();
    health.parts.workers = () => workers.healthy;
  }
  if (dispatcher) {
    starting.defer(() => dispatcher.stop(HURRY_MS));
    dispatcher.start();
    health.parts.dispatcher = () => dispatcher.healthy;
  }
  const waiter = new JobWaiter(db, context.notifications);
  starting.defer(() => waiter.stop());
  const ticker = workers ? new ScheduleTicker({ ...context, box, waiter }) : null;
  starting.defer(() => ticker?.stop());
  ticker?.start();
  const app = createApp(context, { box, health, waiter, dispatch: dispatcher });
  await ensureFirstAccount({ db, box, config, log, showKey });
  const stopMaintenance = startMaintenance(context);
  const stopDeadlines = workers ? watchDeadlines(context) : null;
  const stopLostSlices = workers ? watchLostSlices(context) : null;
  const isProxy = (address: string) =>
    (app.get('trust proxy fn') as (address: string, hop: number) => boolean)(address, 0);
  const limits = { perAddress: config.connectionsPerAddress, isProxy, log };
  const upgrades = config.firecrawlApi
    ? watchUpgrades({ ...context, box, waiter }, (request) => clientAddress(request, isProxy))
    : null;
  server?.serve(app, limits, upgrades);
  starting.move();

  async function stop(hurry?: AbortSignal): Promise<void> {
    health.stopping = true;
    waiter.stop();
    stopMaintenance();
    stopDeadlines?.();
    stopLostSlices?.();
    const ticked = ticker?.stop();
    log.info(
      {
        requests: server?.underWay() ?? 0,
        slices: workers?.underWay ?? 0,
        deliveries: dispatcher?.underWay ?? 0,
      },
      'waiting for work under way; a second signal cuts it short',
    );
    hurry?.addEventListener('abort', () => {
      log.warn('cutting work under way short: it is put back into the queue');
      waiter.cut();
    });
    const worked =
      workers && cutShort(hurry, workers.stop(WORK_GRACE_MS, WORK_LIMIT_MS), () => workers.stop(0, HURRY_MS));
    // No page is read here any more: who waits for one is told, before the connection is cut.
    const cut = setTimeout(() => waiter.cut(), WAIT_LIMIT_MS);
    await Promise.all([
      server?.close(hurry),
      ticked,
      worked?.then(() => waiter.cut()),
      dispatcher && cutShort(hurry, dispatcher.stop(WORK_LIMIT_MS), () => dispatcher.stop(HURRY_MS)),
    ]);
    clearTimeout(cut);
  }
  let stopping: Promise<void> | null = null;

  return {
    port: server?.port ?? null,
    drain() {
      health.stopping = true;
      server?.drain();
    },
    stop: (hurry) => (stopping ??= stop(hurry)),
  };
}

/** Waits for `stopped`, or, once `hurry` aborts, for what `cut` starts then if that is sooner. */
async function cutShort(
  hurry: AbortSignal | undefined,
  stopped: Promise<void>,
  cut: () => Promise<void>,
): Promise<void> {
  if (!hurry) return await stopped;
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  if (hurry.aborted) resolve();
  hurry.addEventListener('abort', () => resolve(), { once: true });
  await Promise.race([stopped, aborted.then(cut)]);
}
