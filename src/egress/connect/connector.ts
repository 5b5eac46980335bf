import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { AddressPolicy } from './address.ts';
import { EgressError, type Timings } from '../errors.ts';
import type { Resolve } from './resolve.ts';
import type { Issuers } from './issuers.ts';
import { handshake, IncompleteChainError } from './tls.ts';
import { knownAddresses, type Target } from './url-policy.ts';

/** How long one address of a host is tried before the next one; the last has until the deadline. */
const ATTEMPT_MS = 500;

export interface ConnectOptions {
  policy: AddressPolicy;
  resolve: Resolve;
  secureContext: SecureContext;
  /** Completes chains of certificates; without it they must be complete. */
  issuers: Issuers | null;
}

export interface OpenSocket {
  /** Carries HTTP: the TLS socket where the target is secure. */
  socket: Socket;
  /** The TCP socket beneath, which counts the bytes on the wire. */
  wire: Socket;
  remoteAddress: string;
}

/**
 * Resolves the name, connects and, where the target is secure, performs the TLS handshake; fills in
 * each phase of `timings` when it ends. The name is resolved nowhere else: the socket connects to
 * an address that was checked. Rejects with an EgressError. Aborting `signal` closes everything.
 */
export async function openSocket(
  target: Target,
  options: ConnectOptions,
  timings: Timings,
  signal: AbortSignal,
): Promise<OpenSocket> {
  const lap = stopwatch();
  const addresses = await Promise.race([permittedAddresses(target, options), aborted(signal)]);
  timings.dnsMs = lap();
  const wire = await connect(target, addresses, signal);
  timings.connectMs = lap();
  const remoteAddress = checkPeer(wire, options.policy);
  if (!target.secure) return { socket: wire, wire, remoteAddress };
  const opened = await secure(wire, { target, addresses, signal }, options);
  timings.tlsMs = lap();
  return { ...opened, remoteAddress };
}

interface Attempt {
  target: Target;
  addresses: string[];
  signal: AbortSignal;
}

/**
 * Shakes hands, a second time over a new connection where the missing part of the certificate's
 * chain was found.
 */
async function secure(
  wire: Socket,
  { target, addresses, signal }: Attempt,
  { policy, secureContext, issuers }: ConnectOptions,
): Promise<Pick<OpenSocket, 'socket' | 'wire'>> {
  const options = { hostname: target.hostname, skipVerification: target.skipTlsVerification };
  try {
    return { socket: await handshake(wire, { ...options, secureContext }), wire };
  } catch (error) {
    if (!(error instanceof IncompleteChainError) || issuers === null) throw error;
    const completed = await issuers.contextFor(error.certificate, signal);
    if (completed === null) throw error;
    const again = await connect(target, addresses, signal);
    checkPeer(again, policy);
    return { socket: await handshake(again, { ...options, secureContext: completed }), wire: again };
  }
}

/** Closes a connection to an address that is not permitted. Returns the address. */
function checkPeer(wire: Socket, policy: AddressPolicy): string {
  const remoteAddress = wire.remoteAddress ?? '';
  if (policy.permits(remoteAddress)) return remoteAddress;
  wire.destroy();
  throw new EgressError('blocked_target', { cause: new Error(`connected to ${remoteAddress}`) });
}

/**
 * The addresses of a host. Rejects with `blocked_target` where one of them is not permitted,
 * whatever the others are.
 */
export async function permittedAddresses(
  { hostname, rooted }: Pick<Target, 'hostname' | 'rooted'>,
  { policy, resolve }: Pick<ConnectOptions, 'policy' | 'resolve'>,
): Promise<string[]> {
  const addresses = knownAddresses(hostname, policy) ?? (await resolve(rooted ? `${hostname}.` : hostname));
  const refused = addresses.find((address) => !policy.permits(address));
  if (refused !== undefined || addresses.length === 0) {
    throw new EgressError('blocked_target', {
      cause: new Error(`${hostname} is ${refused ?? 'this machine'}`),
    });
  }
  return addresses;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new EgressError('cancelled')), { once: true });
  });
}

async function connect(target: Target, addresses: string[], signal: AbortSignal): Promise<Socket> {
  if (signal.aborted) throw new EgressError('cancelled');
  const socket = connectTcp({
    host: target.hostname,
    port: target.port,
    lookup: pinned(addresses),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    noDelay: true,
    keepAlive: true,
  });
  const abandon = () => socket.destroy(new EgressError('cancelled'));
  signal.addEventListener('abort', abandon, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', abandon));
  await settled(socket, 'connect', (cause) => new EgressError('connection_failed', { cause }));
  return socket;
}

/** A `lookup` that answers with the given addresses. IP literals never reach it. */
function pinned(addresses: string[]): LookupFunction {
  const answers = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, _options, callback) => callback(null, answers);
}

function settled(socket: Socket, event: string, wrap: (cause: Error) => EgressError): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, resolve);
    socket.on('error', (cause) => reject(wrap(cause)));
    socket.once('close', () => reject(wrap(new Error('closed'))));
  });
}

function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const elapsed = now - last;
    last = now;
    return elapsed;
  };
}
