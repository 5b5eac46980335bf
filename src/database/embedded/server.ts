import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../log.ts';
import { postgresBinaries } from './binaries.ts';
import {
  clusterOf,
  disownPid,
  ensureCluster,
  readPostmaster,
  requireCluster,
  type Cluster,
} from './cluster.ts';
import { EmbeddedError } from './error.ts';
import { InstanceLock } from './instance-lock.ts';
import { alive } from './alive.ts';
import { becomesReady, freePort, launch, refusalOf, stop, type Settings } from './process.ts';

/**
 * The processes of a killed Postgres may live on for a moment, and until they end no other starts
 * on their cluster.
 */
const LAUNCHES = 60;
const LAUNCH_PAUSE_MS = 500;
/** How often it is checked that the server lives. */
const WATCH_MS = 500;

/** A Postgres that runs on a data directory. */
export interface Embedded {
  url: string;
  /** Stops it: sessions are ended, everything committed is on disk. */
  close(): Promise<void>;
}

/** The service's own Postgres: this process alone has it, and keeps it running. */
export interface OwnEmbedded extends Embedded {
  /**
   * Resolves with the reason when it cannot be kept running: the process must end, so that a
   * supervisor starts both.
   */
  failed: Promise<EmbeddedError>;
}

/**
 * Starts a Postgres on a loopback port, its cluster under `dataDir`, which the first call creates.
 * One that a killed process left running is taken over. Nobody watches it: see `openEmbedded`.
 * `settings` go before ours. Throws EmbeddedError.
 */
export async function startEmbedded(dataDir: string, log: Log, settings: Settings = {}): Promise<Embedded> {
  const cluster = await clusterOf(dataDir);
  const { pid, port } = await takeOverOrStart(cluster, log, settings);
  return { url: cluster.urlAt(port), close: () => stop(pid) };
}

interface Running {
  pid: number;
  port: number;
}

/**
 * The service's Postgres: started or taken over, held against other instances, and started again on
 * the same port when it dies. Throws EmbeddedError where another live process uses the directory,
 * or the directory cannot be used.
 */
export async function openEmbedded(dataDir: string, log: Log): Promise<OwnEmbedded> {
  const cluster = await clusterOf(dataDir);
  const server = new WatchedServer(cluster, await takeOverOrStart(cluster, log), log);
  const lock = new InstanceLock(server.url, cluster.dataDir, server.fail);
  try {
    await lock.take();
  } catch (error) {
    // Refused: the server belongs to the other instance.
    if (error instanceof EmbeddedError) server.release();
    else await server.close();
    throw error;
  }
  return {
    url: server.url,
    failed: server.failed,
    async close() {
      await lock.close();
      await server.close();
    },
  };
}

/**
 * The embedded Postgres for one command: the one that already runs on `dataDir`, which `close`
 * leaves alone, or else one that is started now, held against other instances, and stopped by
 * `close`. Throws EmbeddedError.
 */
export async function visitEmbedded(dataDir: string): Promise<Embedded & { temporary: boolean }> {
  const cluster = await clusterOf(dataDir);
  const running = await findRunning(cluster);
  if (running) return { url: cluster.urlAt(running.port), close: async () => {}, temporary: false };
  const { pid, port } = await startServer(cluster);
  const url = cluster.urlAt(port);
  // Refused: a service has just started and taken this Postgres over. It stops it.
  const lock = new InstanceLock(url, cluster.dataDir, () => {});
  await lock.take();
  return {
    url,
    temporary: true,
    async close() {
      await lock.close();
      await stop(pid);
    },
  };
}

/**
 * What keeps commands from the Postgres of the service on `dataDir`, in one sentence; null:
 * nothing.
 */
export async function embeddedFault(dataDir: string): Promise<string | null> {
  const cluster = await clusterOf(dataDir);
  const running = await readPostmaster(cluster);
  if (running === null) return `No Postgres runs on ${dataDir}: start the service, which starts it too.`;
  const refusal = await refusalOf(cluster.urlAt(running.port));
  return refusal === null ? null : silence(cluster, running, refusal);
}

/** A server whose process lives, and that takes no connection. */
function silence({ dataDir, home }: Cluster, { pid, port }: Running, refusal: string): string {
  const log = join(home, 'postgres.log');
  const server = `The Postgres on ${dataDir}, process ${pid},`;
  return `${server} takes no connection on port ${port} (${refusal}); its log is ${log}.`;
}

async function takeOverOrStart(cluster: Cluster, log: Log, settings: Settings = {}): Promise<Running> {
  const orphan = await findRunning(cluster);
  if (orphan)
    log.info({ port: orphan.port }, 'a Postgres already runs on the data directory: connecting to it');
  return orphan ?? (await startServer(cluster, { settings }));
}

async function findRunning(cluster: Cluster): Promise<Running | null> {
  const running = await readPostmaster(cluster);
  return running && (await refusalOf(cluster.urlAt(running.port))) === null ? running : null;
}

/**
 * Creates the cluster where it is missing and starts a server on it; on `port` where it had one
 * before, and then the cluster must be there. One that has been starting itself since is taken
 * over.
 */
async function startServer(
  cluster: Cluster,
  { port, settings = {} }: { port?: number; settings?: Settings } = {},
): Promise<Running> {
  const binaries = await postgresBinaries(cluster.owner);
  if (port === undefined) await ensureCluster(cluster, binaries);
  else await requireCluster(cluster);
  for (let tries = 1; ; tries++) {
    await disownPid(cluster);
    const at = port ?? (await freePort());
    const pid = await launch(cluster, binaries.bin, { port: at, settings });
    if (await becomesReady(cluster.urlAt(at), pid)) return { pid, port: at };
    const other = await findRunning(cluster);
    if (other && (port ?? other.port) === other.port) return other;
    if (tries === LAUNCHES || alive(pid)) throw new EmbeddedError(await whyNotStarted(cluster));
    await sleep(LAUNCH_PAUSE_MS);
  }
}

async function whyNotStarted(cluster: Cluster): Promise<string> {
  const there = await readPostmaster(cluster);
  const refusal = there && (await refusalOf(cluster.urlAt(there.port)));
  if (there && refusal !== null) return silence(cluster, there, refusal);
  return `Postgres did not start; its log is ${join(cluster.home, 'postgres.log')}.`;
}

/** A server that is started again when it dies. */
class WatchedServer {
  readonly url: string;
  readonly failed: Promise<EmbeddedError>;
  /** Gives up keeping it running. */
  readonly fail: (error: EmbeddedError) => void;
  readonly #cluster: Cluster;
  readonly #log: Log;
  readonly #port: number;
  readonly #watch: NodeJS.Timeout;
  #pid: number;
  #restart: Promise<void> | null = null;

  constructor(cluster: Cluster, { pid, port }: Running, log: Log) {
    this.#cluster = cluster;
    this.#log = log;
    this.#pid = pid;
    this.#port = port;
    this.url = cluster.urlAt(port);
    const { promise, resolve } = Promise.withResolvers<EmbeddedError>();
    this.failed = promise;
    this.fail = resolve;
    // A server that was taken over is no child of ours, so its exit is no event.
    this.#watch = setInterval(() => {
      if (!alive(this.#pid)) this.#restart ??= this.#startAgain().finally(() => (this.#restart = null));
    }, WATCH_MS);
  }

  /** Leaves the server to itself. */
  release(): void {
    clearInterval(this.#watch);
  }

  async close(): Promise<void> {
    this.release();
    await this.#restart;
    await stop(this.#pid);
  }

  async #startAgain(): Promise<void> {
    this.#log.error({ pid: this.#pid }, 'embedded Postgres ended; starting it again');
    try {
      this.#pid = (await startServer(this.#cluster, { port: this.#port })).pid;
      this.#log.info({ pid: this.#pid }, 'embedded Postgres runs again');
    } catch (error) {
      this.release();
      this.fail(
        error instanceof EmbeddedError
          ? error
          : new EmbeddedError((error as Error).message, { cause: error }),
      );
    }
  }
}
