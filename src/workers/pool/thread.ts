import { flushCompileCache } from 'node:module';
import { platform, setPriority } from 'node:os';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { PgBoss } from 'pg-boss';
import { armCrashPoint } from '../../crash-point.ts';
import { openDatabase } from '../../database/connect/connection.ts';
import { isUnavailable } from '../../database/connect/trouble.ts';
import { executor, queueError, QUEUE_OPTIONS } from '../../database/queue.ts';
import { createLog } from '../../log.ts';
import { RenderClient } from '../../render/thread-port.ts';
import { flushSpans } from '../../tracing.ts';
import { returnHeapAtRest } from '../../memory/resting-heap.ts';
import { returnUnusedBuffers } from '../../memory/unused-buffers.ts';
import { DispatchClient } from '../../webhooks/direct/thread-port.ts';
import type { HeldSlice } from '../queue/held.ts';
import { Runner } from '../queue/runner.ts';
import { ReadingClient } from '../reading/reading-client.ts';
import { Heartbeat } from './heartbeat.ts';
import { createLaneWorker, type WorkerShare } from './lane-worker.ts';

/** What the main thread gives a worker thread at its start. */
export interface ThreadData extends WorkerShare {
  databaseUrl: string;
  niceness: number;
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

const given = workerData as ThreadData;
const { config, databaseUrl, lane, index } = given;
armCrashPoint(config.crashPoint);
returnUnusedBuffers();
returnHeapAtRest();
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
const readers = new ReadingClient(given.readers);
const worker = createLaneWorker(given, {
  db,
  boss,
  log,
  readers,
  renders: given.renders && new RenderClient(given.renders),
  dispatch: given.dispatch && new DispatchClient(given.dispatch),
});
const runner = new Runner(worker.tools, log, (slices) => tell({ type: 'held', slices }));

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
await worker[Symbol.asyncDispose]();
// Not db.destroy(): Kysely does not close a pool that only the queue has used.
await pool.end();
clearInterval(beating);
port.close();
