import { Connection } from '../http1/connection.ts';
import type { OpenSocket, SocketRequest } from './connector.ts';
import { AddressBusyError, EgressError } from '../errors.ts';

/**
 * A request that waits for a connection. `granted` or `refused` is called once; after `abandon`,
 * only `refused` may be.
 */
export interface Waiter extends Readonly<SocketRequest> {
  /** Connections are shared only among waiters with the same key. */
  readonly key: string;
  granted(connection: Connection): void;
  refused(error: unknown): void;
}

export type Open = (request: SocketRequest, signal: AbortSignal) => Promise<OpenSocket>;

export interface PoolLimits {
  connectionsPerOrigin: number;
  /** Idle connections kept in total; the longest idle is closed first. */
  idleConnections: number;
}

interface Origin {
  readonly key: string;
  idle: Connection[];
  /** Connections that exist or are being opened. */
  open: number;
  waiting: Set<Waiter>;
}

/** How often to close connections that were idle for too long. */
const SWEEP_MS = 1000;

/** Keep-alive connections by origin. Keeps nothing of an origin without connections and waiters. */
export class ConnectionPool {
  readonly #open: Open;
  readonly #limits: PoolLimits;
  readonly #origins = new Map<string, Origin>();
  readonly #connections = new Map<Connection, Origin>();
  readonly #opening = new Map<Waiter, AbortController>();
  readonly #idle = new Set<Connection>();
  #sweeper: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(open: Open, limits: PoolLimits) {
    this.#open = open;
    this.#limits = limits;
  }

  /** Origins with a connection or a waiter. */
  get size(): number {
    return this.#origins.size;
  }

  /**
   * Grants an idle connection, else opens one, else queues the waiter: first come, first served.
   */
  acquire(waiter: Waiter): void {
    if (this.#closed) return waiter.refused(closedError());
    const origin = this.#originOf(waiter.key);
    const connection = this.#takeIdle(origin);
    if (connection) return waiter.granted(connection);
    origin.waiting.add(waiter);
    this.#openForWaiting(origin);
  }

  /** Ends a wait: nothing is granted any more, and a connection being opened for it is closed. */
  abandon(waiter: Waiter): void {
    this.#opening.get(waiter)?.abort();
    this.#origins.get(waiter.key)?.waiting.delete(waiter);
  }

  /** Takes back a connection whose exchange is over; a closed one is ignored. */
  release(connection: Connection): void {
    const origin = this.#connections.get(connection);
    if (!origin || connection.closed) return;
    connection.reused = true;
    const [next] = origin.waiting;
    if (next) {
      origin.waiting.delete(next);
      next.granted(connection);
    } else {
      origin.idle.push(connection);
      this.#idle.add(connection);
      this.#trimIdle();
      this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS).unref();
    }
  }

  /** Closes every connection and opens no more; exchanges under way fail. */
  close(): void {
    this.#closed = true;
    for (const attempt of this.#opening.values()) attempt.abort();
    for (const connection of this.#connections.keys()) connection.destroy(closedError());
    for (const { waiting } of this.#origins.values())
      for (const waiter of waiting) waiter.refused(closedError());
    this.#origins.clear();
    clearInterval(this.#sweeper ?? undefined);
  }

  #originOf(key: string): Origin {
    let origin = this.#origins.get(key);
    if (!origin) {
      origin = { key, idle: [], open: 0, waiting: new Set() };
      this.#origins.set(key, origin);
    }
    return origin;
  }

  // A destroyed connection stays in the list until its close is reported.
  #takeIdle(origin: Origin): Connection | undefined {
    let connection = origin.idle.pop();
    while (connection?.closed || isExpired(connection)) {
      connection!.destroy(new Error('idle for too long'));
      connection = origin.idle.pop();
    }
    if (connection) this.#idle.delete(connection);
    return connection;
  }

  #sweep(): void {
    for (const connection of this.#idle)
      if (isExpired(connection)) connection.destroy(new Error('idle for too long'));
    if (this.#idle.size > 0) return;
    clearInterval(this.#sweeper ?? undefined);
    this.#sweeper = null;
  }

  #openForWaiting(origin: Origin): void {
    for (const waiter of origin.waiting) {
      if (origin.open >= this.#limits.connectionsPerOrigin || this.#closed) return;
      origin.waiting.delete(waiter);
      origin.open++;
      void this.#openFor(waiter, origin);
    }
  }

  async #openFor(waiter: Waiter, origin: Origin): Promise<void> {
    const attempt = new AbortController();
    this.#opening.set(waiter, attempt);
    try {
      const open = await this.#open(waiter, attempt.signal);
      const connection = new Connection(open, () => this.#forget(connection, origin));
      this.#connections.set(connection, origin);
      this.#opening.delete(waiter);
      waiter.granted(connection);
    } catch (error) {
      this.#opening.delete(waiter);
      if (error instanceof AddressBusyError && this.#awaitRelease(waiter, origin)) return;
      this.#leave(origin);
      waiter.refused(this.#closed ? closedError() : error);
    }
  }

  /** Queues a waiter for whom none may be opened, where the origin has another connection. */
  #awaitRelease(waiter: Waiter, origin: Origin): boolean {
    if (origin.open <= 1 || this.#closed) return false;
    origin.open--;
    origin.waiting.add(waiter);
    return true;
  }

  #forget(connection: Connection, origin: Origin): void {
    this.#connections.delete(connection);
    this.#idle.delete(connection);
    const index = origin.idle.indexOf(connection);
    if (index !== -1) origin.idle.splice(index, 1);
    this.#leave(origin);
  }

  #leave(origin: Origin): void {
    origin.open--;
    this.#openForWaiting(origin);
    if (origin.open === 0 && origin.waiting.size === 0) this.#origins.delete(origin.key);
  }

  #trimIdle(): void {
    const [longestIdle] = this.#idle;
    if (!longestIdle || this.#idle.size <= this.#limits.idleConnections) return;
    this.#idle.delete(longestIdle);
    longestIdle.destroy(new Error('too many idle'));
  }
}

function isExpired(connection: Connection | undefined): boolean {
  return connection !== undefined && performance.now() >= connection.expiresAt;
}

function closedError(): EgressError {
  return new EgressError('connection_failed', { cause: new Error('egress is closed') });
}
