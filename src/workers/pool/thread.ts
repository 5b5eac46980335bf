import { flushCompileCache } from 'node:module';
import { platform, setPriority } from 'node:os';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { PgBoss } from 'pg-boss';
import { createSecretBox } from '../../accounts/secrets.ts';
import type { Config } from '../../config/index.ts';
import { armCrashPoint } from '../../crash-point.ts';
import { openDatabase } from '../../database/connect/connection.ts';
import { executor, queueError, QUEUE_OPTIONS, type Lane } from '../../database/queue.ts';
import { AddressBudget, createEgress, ProxyPool } from '../../egress/index.ts';
import { SharedSemaphore } from '../../limits/shared-semaphore.ts';
import { isUnavailable } from '../../database/connect/trouble.ts';
import { KnownLinks } from '../../jobs/progress/known-links.ts';
import { createLog } from '../../log.ts';
import { flushSpans } from '../../tracing.ts';
import { RenderClient } from '../../render/thread-port.ts';
import { DispatchClient } from '../../webhooks/direct/thread-port.ts';
import { HostGate, type GateMemory } from '../hosts/gate.ts';
import { Hosts } from '../hosts/hosts.ts';
import { BodyMemoryBudget } from '../limits/body-memory.ts';
import { Load } from '../limits/load.ts';
import { Renders } from '../page/renders.ts';
import type { HeldSlice } from '../queue/held.ts';
import { ProxyLedger } from '../proxies/ledger.ts';
import { poolOf } from '../proxies/route.ts';
import { RoutedEgress } from '../proxies/routed-egress.ts';
import { WorkReader } from '../queue/open-work.ts';
import { Runner } from '../queue/runner.ts';
import { ReadingClient } from '../reading/reading-client.ts';
import { Heartbeat } from './heartbeat.ts';

/** What the main thread gives a worker thread at its start. */
export interface ThreadData {
  config: Config;
  databaseUrl: string;
  lane: Lane;
  index: number;
  niceness: number;
  gate: GateMemory;
  /** The memory of the lane's SharedSemaphore for large bodies. */
  bodiesMemory: SharedArrayBuffer;
  /** The memory of the SharedSemaphore of places in the browser. */
  renderMemory: SharedArrayBuffer;
  heartbeatMemory: SharedArrayBuffer;
  /** To the main thread's readers. */
  readers: MessagePort;
  /** To the browser; null where there is none. */
  renders: MessagePort | null;
  /** To the dispatcher; null where there is none. */
  dispatch: MessagePort | null;
}

export type ToThread =
  { type: 'wake' } | { type: 'cancel'; job_id: string } | { type: 'stop'; graceMs: number };
export type FromThread = { type: 'ready' } | { type: 'held'; slices: HeldSlice[] };

const CONNECTIONS = 2;
/** The memory for large bodies of a lane: four of the largest kind. */
const BODIES_BYTES = 40 * 1024 * 1024;

const given = workerData as ThreadData;
const { config, databaseUrl, lane, index } = given;
armCrashPoint(config.crashPoint);
// On Linux 0 means the calling thread; elsewhere, the whole process.
if (platform() === 'linux') setPriority(0, given.niceness);
const port = parentPort!;
const tell = (message: FromThread) => port.postMessage(message);
const log = createLog(config.logLevel, isUnavailable).child({ lane, thread: index });
const { db, pool } = openDatabase(databaseUrl, {
  max: CONNECTIONS,
  onError: (error) => log.warn({ err: error }, 'database connection broke'),
});
const boss = new PgBoss({
  db: executor(pool),
  migrate: false,
  supervise: false,
  ...QUEUE_OPTIONS,
  registerInstance: false,
});
boss.on('error', (error) => log.warn({ err: queueError(error) }, 'queue reported an error'));
const egress = createEgress({
  allowTargets: config.allowPrivateTargets,
  allowWebhooks: [],
  dnsServers: config.dnsServers,
  connectionsPerOrigin: { pages: config.hostConcurrency, webhooks: 1 },
  pageBudget: new AddressBudget({
    memory: given.gate.addresses,
    thread: index,
    concurrency: config.hostConcurrency,
  }),
});
const proxies = new ProxyPool(poolOf(config));
const proxyLedger = new ProxyLedger(db, proxies, log);
const load = new Load();
const readers = new ReadingClient(given.readers);
const hostGate = new HostGate({ memory: given.gate, lane, thread: index, capacity: config.hostConcurrency });
const around = {
  egress,
  hosts: new Hosts({ db, egress: new RoutedEgress(egress, proxies), config, gate: hostGate, load }),
  load,
  bodies: new BodyMemoryBudget(new SharedSemaphore(given.bodiesMemory, index, BODIES_BYTES)),
  readers,
  renders: given.renders && createRenders(given.renders),
  log,
};

function createRenders(renderPort: MessagePort): Renders {
  const places = new SharedSemaphore(given.renderMemory, index, config.renderConcurrency);
  return new Renders(new RenderClient(renderPort), places, config.renderConcurrency);
}

const box = createSecretBox(config.secretKey, config.secretKeyPrevious);
const dispatch = given.dispatch && new DispatchClient(given.dispatch);
const work = new WorkReader(db, box);
const knownLinks = new KnownLinks();
const runner = new Runner({ db, boss, lane, box, work, around, dispatch, knownLinks }, log, (slices) =>
  tell({ type: 'held', slices }),
);

await boss.start();
port.on('message', (message: ToThread) => {
  if (message.type === 'wake') runner.wake();
  else if (message.type === 'cancel') runner.cancel(message.job_id);
  else runner.stop(message.graceMs);
});
const beating = new Heartbeat(given.heartbeatMemory).start();
tell({ type: 'ready' });
// A thread that finds its code compiled takes 25 MiB less: it needs no compiler of TypeScript.
flushCompileCache();
await runner.run();
await boss.stop({ close: false, graceful: false });
readers[Symbol.dispose]();
given.renders?.close();
given.dispatch?.close();
await flushSpans();
await proxyLedger[Symbol.asyncDispose]();
await egress.close();
// Not db.destroy(): Kysely does not close a pool that only the queue has used.
await pool.end();
clearInterval(beating);
port.close();
