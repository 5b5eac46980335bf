import { randomUUID } from 'node:crypto';
import type { Config } from '../../config/index.ts';
import type { Lane } from '../../database/queue.ts';
import { SharedSemaphore, sharedSemaphoreMemory } from '../../limits/shared-semaphore.ts';
import { createGateMemory, HostGate, type GateMemory } from '../hosts/gate.ts';
import { plainPagesMemory } from '../limits/plain-pages.ts';
import type { WorkerShare } from './lane-worker.ts';

/** The memory in which the workers of a process count what they use together. */
export class SharedMemory {
  readonly #config: Config;
  readonly #gate: GateMemory;
  readonly #bodies: Record<Lane, SharedArrayBuffer>;
  readonly #renders: SharedArrayBuffer;
  readonly #plainPages = plainPagesMemory();

  /** For this many workers. */
  constructor(config: Config, workers: number) {
    this.#config = config;
    this.#gate = createGateMemory(workers, randomUUID());
    this.#bodies = { interactive: sharedSemaphoreMemory(workers), bulk: sharedSemaphoreMemory(workers) };
    this.#renders = sharedSemaphoreMemory(workers);
  }

  /** What the worker of this index is given. */
  shareOf(lane: Lane, index: number): WorkerShare {
    return {
      config: this.#config,
      lane,
      index,
      gate: this.#gate,
      bodiesMemory: this.#bodies[lane],
      renderMemory: this.#renders,
      plainPagesMemory: this.#plainPages,
    };
  }

  /** Gives back what a dead worker held. */
  clear(lane: Lane, index: number): void {
    HostGate.clear(this.#gate, index);
    SharedSemaphore.clear(this.#bodies[lane], index);
    SharedSemaphore.clear(this.#renders, index);
  }
}
