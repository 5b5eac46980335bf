import type { RequestHandler } from 'express';
import type pg from 'pg';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { routeOf } from '../http/locals.ts';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Metrics of this process alone: requests, database connections, event loop, memory, CPU. */
export class ProcessMetrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'method' | 'route' | 'status'>;

  constructor(pool: pg.Pool) {
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: 'ollagraph_request_duration_seconds',
      help: 'Requests by route and status.',
      labelNames: ['method', 'route', 'status'],
      buckets: SECONDS,
      registers: [this.#registry],
    });
    const connections = new Gauge({
      name: 'ollagraph_database_connections',
      help: "Connections of the main thread's pool, and requests that wait for one.",
      labelNames: ['state'],
      registers: [],
      collect() {
        this.set({ state: 'idle' }, pool.idleCount);
        this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
        this.set({ state: 'waited_for' }, pool.waitingCount);
      },
    });
    this.#registry.registerMetric(connections);
  }

  /** Counts every request when its answer is done. */
  observe(): RequestHandler {
    return (req, res, next) => {
      const end = this.#requests.startTimer();
      const { method } = req;
      res.once('close', () => end({ method, route: routeOf(res), status: res.statusCode }));
      next();
    };
  }

  async read(): Promise<string> {
    return await this.#registry.metrics();
  }
}
