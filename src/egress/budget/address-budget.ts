import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { isIPv4 } from 'node:net';
import { SharedKeyedSemaphore, sharedKeyedSemaphoreMemory } from '../../limits/shared-keyed-semaphore.ts';
import { SharedRate, sharedRateMemory } from '../../limits/shared-rate.ts';
import { AddressBusyError } from '../errors.ts';
import type { Target } from '../connect/url-policy.ts';

/** The rate of new connections of one account to one address. */
const ACCOUNT_RATE = { burst: 200, perSecond: 10 };
/** The rate of new connections of all accounts to one address. */
const TOTAL_RATE = { burst: 500, perSecond: 50 };
/** The names of one address that may be asked as concurrently as a name with an own address. */
const CONCURRENT_NAMES = 4;
/** How long to wait for a place, and how soon to try again if none came free. */
const PATIENCE_MS = 2000;
const BUSY_SECONDS = 2;
/** The first name that was connected to at an address, while it is used. */
const FIRST_NAMES = { max: 10_000, ttl: 60_000, updateAgeOnGet: true };

/** What the threads of a process share to count connections by address. */
export interface AddressBudgetMemory {
  places: SharedArrayBuffer;
  accountRate: SharedArrayBuffer;
  totalRate: SharedArrayBuffer;
  secret: string;
}

export function createAddressBudgetMemory(
  threads: number,
  secret: string = randomUUID(),
): AddressBudgetMemory {
  return {
    places: sharedKeyedSemaphoreMemory(threads),
    accountRate: sharedRateMemory(),
    totalRate: sharedRateMemory(),
    secret,
  };
}

export interface AddressBudgetOptions {
  memory: AddressBudgetMemory;
  thread: number;
  /** The concurrent requests to one name. */
  concurrency: number;
}

/** A connection to open. `payer`: the account that it counts for; null: no limit. */
export interface Opening {
  target: Pick<Target, 'hostname' | 'port'>;
  payer: string | null;
}

/**
 * Limits the connections to one resolved address, whatever names lead there and to whatever ports.
 * Limits by name and port alone would multiply with the names that somebody points at a victim, and
 * with its ports. The first name at an
 * address spends nothing of the rate, since the limits of its name hold.
 */
export class AddressBudget {
  readonly #places: SharedKeyedSemaphore;
  readonly #accountRate: SharedRate;
  readonly #totalRate: SharedRate;
  readonly #firstNames = new LRUCache<string, string>(FIRST_NAMES);

  constructor({ memory, thread, concurrency }: AddressBudgetOptions) {
    const { secret } = memory;
    const capacity = CONCURRENT_NAMES * concurrency;
    this.#places = new SharedKeyedSemaphore({ memory: memory.places, thread, capacity, secret });
    this.#accountRate = new SharedRate({ memory: memory.accountRate, secret, ...ACCOUNT_RATE });
    this.#totalRate = new SharedRate({ memory: memory.totalRate, secret, ...TOTAL_RATE });
  }

  /**
   * Admits a connection to one of the addresses. Dispose of what it resolves with when the first
   * request is over. Rejects with an AddressBusyError.
   */
  async enter({ target, payer }: Opening, addresses: string[], signal: AbortSignal): Promise<Disposable> {
    using places = new DisposableStack();
    if (payer === null) return places.move();
    const name = nameOf(target);
    for (const key of new Set(addresses.map(addressKey))) {
      const place = await this.#places.acquire(`${payer} ${key}`, PATIENCE_MS, signal);
      if (!place) throw new AddressBusyError(BUSY_SECONDS);
      places.use(place);
      this.#spend(this.#accountRate, `${payer} ${key}`, name);
      this.#spend(this.#totalRate, key, name);
    }
    return places.move();
  }

  #spend(rate: SharedRate, key: string, name: string): void {
    const first = this.#firstNames.get(key);
    if (first === undefined) this.#firstNames.set(key, name);
    if (first === undefined || first === name) return;
    const seconds = rate.spend(key);
    if (seconds > 0) throw new AddressBusyError(seconds);
  }

  /** Gives back what a dead thread held. */
  static clear({ places }: AddressBudgetMemory, thread: number): void {
    SharedKeyedSemaphore.clear(places, thread);
  }
}

/** What counts as one name: a host with its usual ports, and with each other port. */
function nameOf({ hostname, port }: Opening['target']): string {
  return port === 80 || port === 443 ? hostname : `${hostname}:${port}`;
}

/** What counts as one address: for IPv6 the /64 network, all of which one machine may hold. */
export function addressKey(address: string): string {
  if (isIPv4(address)) return address;
  const [left = '', right] = address.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const gap = right === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array<string>(gap).fill('0'), ...tail];
  return groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':');
}
