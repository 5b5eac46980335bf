import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { Lane } from '../../database/queue.ts';
import type { HeldSlice } from '../queue/held.ts';
import { Heartbeat } from './heartbeat.ts';
import type { FromThread, ThreadData, ToThread } from './thread.ts';

/** A thread that misses this many checks in a row is stuck. */
const MISSED_LOOKS = 40;
/** V8's heap of one thread, and its part for new objects. Pages are read in other processes. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 160, maxYoungGenerationSizeMb: 6 };

type Given = Omit<ThreadData, 'heartbeatMemory' | 'readers' | 'renders' | 'dispatch'>;

interface WorkerThreadOptions {
  script: URL;
  data: Given;
  /** The failed starts in a row before this one. */
  failedStarts: number;
  /** Receives the port on which the thread asks for pages to be read. */
  serveReadings: (port: MessagePort) => void;
  /** The same for pages to be rendered; null where there is no browser. */
  serveRenders: ((port: MessagePort) => void) | null;
  /** The same for deliveries to be handed over; null where this process sends none. */
  serveDispatch: ((port: MessagePort) => void) | null;
  /** Called once, when it claims slices. */
  onReady: () => unknown;
  onError: (error: unknown) => void;
}

/** A worker thread as the main thread sees it. */
export class WorkerThread {
  readonly lane: Lane;
  readonly index: number;
  readonly failedStarts: number;
  /** Resolves when it has ended, by whatever cause. */
  readonly exited: Promise<void>;
  readonly #worker: Worker;
  readonly #heartbeat = new Heartbeat();
  #ready = false;
  /** Whether it was told to end. */
  #ending = false;
  #held: HeldSlice[] = [];
  #idleSince = performance.now();
  /** The beats at the last check, and the checks since they moved. */
  #seen = { beats: 0, looks: 0 };

  constructor({ script, data, failedStarts, onReady, onError, ...serve }: WorkerThreadOptions) {
    this.lane = data.lane;
    this.index = data.index;
    this.failedStarts = failedStarts;
    const readings = new MessageChannel();
    const renders = serve.serveRenders && new MessageChannel();
    const dispatch = serve.serveDispatch && new MessageChannel();
    const workerData: ThreadData = {
      ...data,
      heartbeatMemory: this.#heartbeat.memory,
      readers: readings.port2,
      renders: renders && renders.port2,
      dispatch: dispatch && dispatch.port2,
    };
    this.#worker = new Worker(script, {
      workerData,
      transferList: [readings, renders, dispatch].flatMap((channel) => (channel ? [channel.port2] : [])),
      resourceLimits: RESOURCE_LIMITS,
    });
    serve.serveReadings(readings.port1);
    if (renders) serve.serveRenders?.(renders.port1);
    if (dispatch) serve.serveDispatch?.(dispatch.port1);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.exited = promise;
    this.#worker.on('message', (message: FromThread) => {
      this.#receive(message);
      if (message.type === 'ready') onReady();
    });
    this.#worker.on('error', onError);
    this.#worker.on('exit', () => {
      readings.port1.close();
      renders?.port1.close();
      dispatch?.port1.close();
      resolve();
    });
  }

  get ready(): boolean {
    return this.#ready;
  }

  get ending(): boolean {
    return this.#ending;
  }

  /** The slices that it works on. */
  get held(): HeldSlice[] {
    return this.#held;
  }

  /** The milliseconds for which it has had nothing to do. */
  get idleMs(): number {
    return this.#ready && this.#held.length === 0 ? performance.now() - this.#idleSince : 0;
  }

  /**
   * Whether its event loop has been blocked for long. Counts calls, not time: when the whole
   * process stood still, no thread is at fault.
   */
  isStuck(): boolean {
    const { beats } = this.#heartbeat;
    const looks = beats === this.#seen.beats && this.#ready ? this.#seen.looks + 1 : 0;
    this.#seen = { beats, looks };
    return looks === MISSED_LOOKS;
  }

  /** Tells it that its lane may have work. */
  wake(): void {
    this.#send({ type: 'wake' });
  }

  cancel(jobId: string): void {
    this.#send({ type: 'cancel', job_id: jobId });
  }

  /** Ends it: its slices get `graceMs` to finish; what is left of them goes back to the queue. */
  end(graceMs: number): void {
    this.#ending = true;
    this.#send({ type: 'stop', graceMs });
  }

  async kill(): Promise<void> {
    await this.#worker.terminate();
  }

  #receive(message: FromThread): void {
    this.#idleSince = performance.now();
    if (message.type === 'ready') this.#ready = true;
    else this.#held = message.slices;
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message);
  }
}
