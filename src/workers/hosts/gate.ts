import { AddressBudget, createAddressBudgetMemory, type AddressBudgetMemory } from '../../egress/index.ts';
import { SharedKeyedSemaphore, sharedKeyedSemaphoreMemory } from '../../limits/shared-keyed-semaphore.ts';
import type { Permit } from '../../limits/permit.ts';
import type { Lane } from '../../database/queue.ts';

/** What the threads of a process share to count the fetches under way. */
export interface GateMemory {
  hosts: SharedArrayBuffer;
  accounts: SharedArrayBuffer;
  jobs: SharedArrayBuffer;
  addresses: AddressBudgetMemory;
  secret: string;
}

export function createGateMemory(threads: number, secret: string): GateMemory {
  return {
    hosts: sharedKeyedSemaphoreMemory(threads),
    accounts: sharedKeyedSemaphoreMemory(threads),
    jobs: sharedKeyedSemaphoreMemory(threads),
    addresses: createAddressBudgetMemory(threads, secret),
    secret,
  };
}

interface HostGateOptions {
  memory: GateMemory;
  lane: Lane;
  thread: number;
  /** Fetches under way to one host over all threads of the process. */
  capacity: number;
}

/**
 * Caps the fetches under way to one host over all threads of the process. The bulk lane leaves one
 * of them to the interactive lane, so that a batch never delays a single page of the same host; an
 * account leaves a quarter of them to other accounts. Also caps the fetches of a job that asks for
 * that.
 */
export class HostGate {
  readonly #hosts: SharedKeyedSemaphore;
  readonly #accounts: SharedKeyedSemaphore;
  readonly #jobs: SharedKeyedSemaphore;

  constructor({ memory, lane, thread, capacity }: HostGateOptions) {
    const { secret } = memory;
    this.#hosts = new SharedKeyedSemaphore({
      memory: memory.hosts,
      thread,
      capacity: lane === 'bulk' ? Math.max(1, capacity - 1) : capacity,
      secret,
    });
    this.#accounts = new SharedKeyedSemaphore({
      memory: memory.accounts,
      thread,
      capacity: Math.ceil(capacity * 0.75),
      secret,
    });
    // Each job brings its own.
    this.#jobs = new SharedKeyedSemaphore({ memory: memory.jobs, thread, capacity: 0, secret });
  }

  /**
   * Waits for a place at the host. Resolves with null after `timeoutMs`, or when the signal aborts
   * first.
   */
  async acquire(
    accountId: string,
    host: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Permit | null> {
    const deadline = performance.now() + timeoutMs;
    const share = await this.#accounts.acquire(`${accountId} ${host}`, timeoutMs, signal);
    if (!share) return null;
    const place = await this.#hosts.acquire(host, deadline - performance.now(), signal);
    if (!place) {
      share[Symbol.dispose]();
      return null;
    }
    return {
      amount: 1,
      shrink: (kept) => [place, share].forEach((permit) => permit.shrink(kept)),
      [Symbol.dispose]: () => [place, share].forEach((permit) => permit[Symbol.dispose]()),
    };
  }

  /** Waits for one of the `capacity` fetches that a job may have under way; null as above. */
  async acquireOfJob(
    { id, capacity }: { id: string; capacity: number },
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Permit | null> {
    return await this.#jobs.acquire(id, timeoutMs, signal, capacity);
  }

  /** Gives back what a dead thread held. */
  static clear({ hosts, accounts, jobs, addresses }: GateMemory, thread: number): void {
    SharedKeyedSemaphore.clear(hosts, thread);
    SharedKeyedSemaphore.clear(accounts, thread);
    SharedKeyedSemaphore.clear(jobs, thread);
    AddressBudget.clear(addresses, thread);
  }
}
