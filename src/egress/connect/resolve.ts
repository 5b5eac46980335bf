import { promises as dns } from 'node:dns';
import { setTimeout as sleep } from 'node:timers/promises';
import { EgressError, errorCode } from '../errors.ts';

/** All addresses of a host name, IPv4 first. Rejects with an EgressError `dns_failed`. */
export type Resolve = (hostname: string) => Promise<string[]>;

const TRY_TIMEOUT_MS = 2000;
const TRIES = 2;
/** How long the second family is waited for once the first has answered: some servers never answer for IPv6. */
const GRACE_MS = 500;

/** Codes that say something of the name itself; every other failure may be over at the next attempt. */
const PERMANENT = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

/**
 * A resolver that asks the DNS directly through c-ares: `dns.lookup` would queue behind the threadpool. The hosts
 * file is not read. A family that fails, or is late, is left out where the other one answers.
 */
export function createResolve(servers: readonly string[] = []): Resolve {
  const resolver = new dns.Resolver({ timeout: TRY_TIMEOUT_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return async (hostname) => {
    const found: [string[], string[]] = [[], []];
    const queries = [
      resolver.resolve4(hostname).then((addresses) => (found[0] = addresses)),
      resolver.resolve6(hostname).then((addresses) => (found[1] = addresses)),
    ];
    const all = Promise.allSettled(queries);
    const enough = Promise.any(queries).then(() => sleep(GRACE_MS, undefined, { ref: false }));
    await Promise.race([all, enough.catch(() => all)]);
    const addresses = found.flat();
    if (addresses.length > 0) return addresses;
    throw failureOf(await all);
  };
}

function failureOf(outcomes: PromiseSettledResult<unknown>[]): EgressError {
  const causes: unknown[] = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  );
  const temporary = causes.find((cause) => !PERMANENT.has(errorCode(cause)));
  return new EgressError('dns_failed', { cause: temporary ?? causes[0], retryable: temporary !== undefined });
}
