import { AddressBusyError } from '../../egress/index.ts';
import { createRobotsCache, type RobotsCache } from '../../crawl/robots-cache.ts';
import type { Route } from '../proxies/route.ts';
import type { RoutedEgress } from '../proxies/routed-egress.ts';
import type { JobInfo } from '../job.ts';
import { fetchRobots } from './robots.ts';

const TTL_MS = 24 * 3600_000;
const ORIGINS = 2000;
/** What comes through a caller's proxy is kept for its job only. */
const ORIGINS_OF_A_JOB = 200;

/**
 * The robots.txt files that jobs share. They are fetched the way that the pages are. A job does not
 * rely on a file that came another way: without verification of certificates, or through a caller's
 * proxy.
 */
export class RobotsFiles {
  readonly #egress: RoutedEgress;
  readonly #shared = new Map<string, RobotsCache>();
  readonly #own = new WeakMap<JobInfo, RobotsCache>();

  constructor(egress: RoutedEgress) {
    this.#egress = egress;
  }

  /** The files that a job relies on. */
  of(job: JobInfo, route: Route): RobotsCache {
    const { skip_tls_verification } = job.options;
    const key = `${route.kind} ${skip_tls_verification}`;
    const known = route.kind === 'caller' ? this.#own.get(job) : this.#shared.get(key);
    if (known) return known;
    const cache = this.#create(route, skip_tls_verification);
    if (route.kind === 'caller') this.#own.set(job, cache);
    else this.#shared.set(key, cache);
    return cache;
  }

  #create(route: Route, skipTlsVerification: boolean): RobotsCache {
    return createRobotsCache({
      ttlMs: TTL_MS,
      isOfAsker: (error) => error instanceof AddressBusyError,
      maxEntries: route.kind === 'caller' ? ORIGINS_OF_A_JOB : ORIGINS,
      fetch: async (url, accountId) => {
        const routing = { route, stickiness: new URL(url).host };
        const payer = accountId === undefined ? {} : { payer: accountId };
        const options = { skipTlsVerification, ...payer };
        return await fetchRobots((request) => this.#egress.fetch(request, routing), url, options);
      },
    });
  }
}
