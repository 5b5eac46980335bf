import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { SharedRate, sharedRateMemory } from '../../limits/shared-rate.ts';
import { AddressBusyError } from '../errors.ts';
import { addressKey } from './address-budget.ts';
import type { Target } from '../connect/url-policy.ts';

/** What one account may send to an address at which a name has not answered it with a 2xx. */
const ACCOUNT_REQUESTS = { burst: 100, perSecond: 2 };
const ACCOUNT_BYTES = { burst: 1024 * 1024, perSecond: 64 * 1024 };
/** The same for all accounts together. */
const TOTAL_REQUESTS = { burst: 400, perSecond: 8 };
const PROVEN = { max: 50_000 };

/** Whom a callback is sent to, and for which account. */
export interface Recipient {
  account_id: string;
  target: Pick<Target, 'hostname' | 'port'>;
  /** Empty where a proxy has resolved the name. */
  address: string;
}

/**
 * Limits the callbacks to an address, whatever names lead there, until a name there has accepted
 * one. Otherwise any host could be flooded by many names that point at it.
 */
export class AddressTrial {
  readonly #requests = rate(ACCOUNT_REQUESTS);
  readonly #bytes = rate(ACCOUNT_BYTES);
  readonly #total = rate(TOTAL_REQUESTS);
  readonly #proven = new LRUCache<string, true>(PROVEN);

  /**
   * Who pays for a connection to a name: nobody where it has accepted a callback of the account.
   */
  payerOf(account_id: string, target: Recipient['target']): string | null {
    return this.#proven.get(nameKey(account_id, target)) === true ? null : account_id;
  }

  /** Admits a request. Throws an AddressBusyError where the address has been sent enough. */
  admit(recipient: Recipient): void {
    if (this.#proven.get(fullKey(recipient)) === true) return;
    const address = placeKey(recipient);
    const key = `${recipient.account_id} ${address}`;
    const seconds = this.#bytes.check(key) || this.#requests.spend(key) || this.#total.spend(address);
    if (seconds > 0) throw new AddressBusyError(seconds);
  }

  /** Counts bytes that were sent. */
  sent(recipient: Recipient, bytes: number): void {
    if (this.#proven.has(fullKey(recipient))) return;
    this.#bytes.charge(`${recipient.account_id} ${placeKey(recipient)}`, bytes);
  }

  /** The recipient has answered with a 2xx: no limit any more. */
  pass(recipient: Recipient): void {
    this.#proven.set(nameKey(recipient.account_id, recipient.target), true);
    this.#proven.set(fullKey(recipient), true);
  }
}

/** For a callback that a person asked for: it is always admitted, and not counted. */
export const UNLIMITED: Pick<AddressTrial, 'payerOf' | 'admit' | 'sent'> = {
  payerOf: () => null,
  admit: () => {},
  sent: () => {},
};

function rate(limits: { burst: number; perSecond: number }): SharedRate {
  return new SharedRate({ memory: sharedRateMemory(), secret: randomUUID(), ...limits });
}

function placeKey({ address, target }: Recipient): string {
  return address === '' ? target.hostname : addressKey(address);
}

function nameKey(account_id: string, { hostname, port }: Recipient['target']): string {
  return `${account_id} ${hostname}:${port}`;
}

function fullKey(recipient: Recipient): string {
  return `${nameKey(recipient.account_id, recipient.target)} ${placeKey(recipient)}`;
}
