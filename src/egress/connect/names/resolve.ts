import { promises as dns } from 'node:dns';
import { setTimeout as sleep } from 'node:timers/promises';
import { EgressError, errorCode } from '../../errors.ts';
import { createSystemNames, SYSTEM_FILES, type SystemFiles, type SystemNames } from './system-files.ts';

/** All addresses of a host name, IPv4 first. Rejects with an EgressError `dns_failed`. */
export type Resolve = (hostname: string) => Promise<string[]>;

const TRY_TIMEOUT_MS = 2000;
const TRIES = 2;
/**
 * How long the second family is waited for once the first has answered: some servers never answer
 * for IPv6.
 */
const GRACE_MS = 500;

/**
 * Codes that say something about the name itself; after every other failure the next attempt may
 * succeed.
 */
const PERMANENT = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);
/** Failures of one search domain after which the next one is tried, as the system does. */
const NEXT_DOMAIN = new Set([...PERMANENT, 'ESERVFAIL']);

/**
 * Resolves names as the system does: the hosts file first, then the DNS with the search domains and
 * `ndots` of resolv.conf; a name that ends in a dot is tried only as it is. `servers`
 * (`address:port`) are asked in place of the system's. The DNS is asked through c-ares:
 * `dns.lookup` queues behind the thread pool. A family that fails or is late is left out where the
 * other one answers.
 */
export function createResolve(servers: readonly string[] = [], files: SystemFiles = SYSTEM_FILES): Resolve {
  const systemNames = createSystemNames(files);
  let resolver = createResolver(servers);
  let version: string | null = null;
  return async (hostname) => {
    const names = await systemNames();
    // A new resolver reads the servers of a changed resolv.conf.
    if (version !== null && version !== names.version) resolver = createResolver(servers);
    version = names.version;
    const known = names.hosts.get(withoutRootDot(hostname).toLowerCase());
    return known ?? (await queryAll(resolver, hostname, names));
  };
}

function createResolver(servers: readonly string[]): dns.Resolver {
  const resolver = new dns.Resolver({ timeout: TRY_TIMEOUT_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return resolver;
}

/** Tries the name as it is and in the search domains, in the order of resolv.conf(5). */
async function queryAll(resolver: dns.Resolver, hostname: string, names: SystemNames): Promise<string[]> {
  let failure: EgressError | null = null;
  for (const candidate of candidatesFor(hostname, names)) {
    try {
      return await queryBoth(resolver, candidate);
    } catch (error) {
      const failed = error instanceof EgressError ? error : new EgressError('dns_failed', { cause: error });
      if (failure === null || failed.retryable) failure = failed;
      if (!NEXT_DOMAIN.has(errorCode(failed.cause))) break;
    }
  }
  throw failure ?? new EgressError('dns_failed');
}

/** The names to ask for, in order. */
export function candidatesFor(
  hostname: string,
  { search, ndots }: Pick<SystemNames, 'search' | 'ndots'>,
): string[] {
  const name = withoutRootDot(hostname);
  if (hostname.endsWith('.')) return [name];
  const searched = search.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}

function withoutRootDot(hostname: string): string {
  return hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
}

async function queryBoth(resolver: dns.Resolver, hostname: string): Promise<string[]> {
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
}

function failureOf(outcomes: PromiseSettledResult<unknown>[]): EgressError {
  const causes: unknown[] = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  );
  const temporary = causes.find((cause) => !PERMANENT.has(errorCode(cause)));
  return new EgressError('dns_failed', { cause: temporary ?? causes[0], retryable: temporary !== undefined });
}
