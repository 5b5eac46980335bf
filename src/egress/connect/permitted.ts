import type { Socket } from 'node:net';
import type { AddressPolicy } from './address.ts';
import { EgressError } from '../errors.ts';
import type { Resolve } from './names/resolve.ts';
import { knownAddresses, type Target } from './url-policy.ts';

/** The rules for where connections may go. */
export interface AddressRules {
  policy: AddressPolicy;
  resolve: Resolve;
}

/**
 * The addresses of a host. Rejects with `blocked_target` where one of them is not permitted,
 * whatever the others are.
 */
export async function permittedAddresses(
  { hostname, rooted }: Pick<Target, 'hostname' | 'rooted'>,
  { policy, resolve }: AddressRules,
): Promise<string[]> {
  const addresses = knownAddresses(hostname, policy) ?? (await resolve(rooted ? `${hostname}.` : hostname));
  const refused = addresses.find((address) => !policy.permits(address));
  if (refused !== undefined || addresses.length === 0) {
    throw new EgressError('blocked_target', {
      cause: new Error(`${hostname} is ${refused ?? 'this machine'}`),
      detail: 'address_not_public',
    });
  }
  return addresses;
}

/** Closes a connection to an address that is not permitted. Returns the address. */
export function checkPeer(wire: Socket, policy: AddressPolicy): string {
  const remoteAddress = wire.remoteAddress ?? '';
  if (policy.permits(remoteAddress)) return remoteAddress;
  wire.destroy();
  throw new EgressError('blocked_target', {
    cause: new Error(`connected to ${remoteAddress}`),
    detail: 'address_not_public',
  });
}

/** Rejects when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const cancel = () => reject(new EgressError('cancelled'));
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
  });
}
