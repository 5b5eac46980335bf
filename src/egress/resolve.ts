import { promises as dns } from 'node:dns';
import { EgressError, errorCode } from './errors.ts';

/** All addresses of a host name, IPv4 first. Rejects with an EgressError `dns_failed`. */
export type Resolve = (hostname: string) => Promise<string[]>;

const TRY_TIMEOUT_MS = 2000;
const TRIES = 2;

/** Codes that say something of the name itself; every other failure may be over at the next attempt. */
const PERMANENT = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

/**
 * A resolver that asks the DNS directly through c-ares: `dns.lookup` would queue behind the threadpool. The hosts
 * file is not read. A family that cannot be resolved is left out where the other one answers.
 */
export function createResolve(servers?: readonly string[]): Resolve {
  const resolver = new dns.Resolver({ timeout: TRY_TIMEOUT_MS, tries: TRIES });
  if (servers) resolver.setServers(servers);
  return async (hostname) => {
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length > 0) return addresses;
    const failures: unknown[] = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    const temporary = failures.find((failure) => !PERMANENT.has(errorCode(failure)));
    throw new EgressError('dns_failed', { cause: temporary ?? failures[0], retryable: temporary !== undefined });
  };
}
