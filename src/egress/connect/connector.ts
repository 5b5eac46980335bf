import { isIP, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Attempt } from '../attempt.ts';
import type { AddressBudget, Opening } from '../budget/address-budget.ts';
import type { Timings } from '../errors.ts';
import { openThrough } from '../upstream/open.ts';
import type { Issuers } from './tls/issuers.ts';
import { aborted, checkPeer, permittedAddresses, type AddressRules } from './permitted.ts';
import { connectTcp } from './tcp.ts';
import { handshake, IncompleteChainError } from './tls/handshake.ts';
import { knownAddresses, type Target } from './url-policy.ts';

export interface ConnectOptions extends AddressRules {
  secureContext: SecureContext;
  /** Completes chains of certificates; without it they must be complete. */
  issuers: Issuers | null;
  /** Without it any number of connections may be opened to an address. */
  budget?: AddressBudget | undefined;
}

/** The target of a connection, and its timings. */
export interface SocketRequest extends Opening {
  target: Target;
  /** Filled in with each phase when it ends. */
  timings: Timings;
}

export interface OpenSocket {
  /** Carries HTTP: the TLS socket where the target is secure. */
  socket: Socket;
  /** The socket beneath, which counts the bytes on the wire. */
  wire: Socket;
  /** The address of the target. Empty where a proxy resolved its name. */
  remoteAddress: string;
  /** Counts the connection at its address until its first request is over. */
  place: Disposable;
}

/**
 * Resolves the name, connects (through a proxy where the target has one) and, where the target is
 * secure, performs the TLS handshake. The name is resolved nowhere else: the socket connects to an
 * address that was checked. Rejects with an EgressError or an AddressBusyError. Aborting `signal`
 * before that closes everything.
 */
export async function openSocket(
  request: SocketRequest,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<OpenSocket> {
  const { target, timings } = request;
  using attempt = new Attempt(signal);
  const lap = stopwatch();
  const addresses = await Promise.race([addressesOf(target, options), aborted(attempt.signal)]);
  timings.dnsMs = lap();
  using places = new DisposableStack();
  if (options.budget) places.use(await options.budget.enter(request, addresses, attempt.signal));
  lap();
  const way = { target, addresses, signal: attempt.signal };
  const dialled = await dial(way, options);
  timings.connectMs = lap();
  if (!target.secure) return { socket: dialled.wire, ...dialled, place: places.move() };
  const opened = await secure(dialled.wire, way, options);
  timings.tlsMs = lap();
  return { ...dialled, ...opened, place: places.move() };
}

/** None where the proxy resolves the name. */
async function addressesOf(target: Target, options: ConnectOptions): Promise<string[]> {
  const { hostname, via } = target;
  const isName = isIP(hostname) === 0 && knownAddresses(hostname, options.policy) === null;
  if (via?.upstream.resolvesNames === true && isName) return [];
  return await permittedAddresses(target, options);
}

interface Way {
  target: Target;
  addresses: string[];
  signal: AbortSignal;
}

async function dial(
  { target, addresses, signal }: Way,
  options: ConnectOptions,
): Promise<Pick<OpenSocket, 'wire' | 'remoteAddress'>> {
  const { hostname, port, via } = target;
  if (via === null) {
    const wire = await connectTcp({ hostname, port }, addresses, signal);
    return { wire, remoteAddress: checkPeer(wire, options.policy) };
  }
  const [address] = addresses; // IPv4 comes first, which more proxies support
  const wire = await openThrough(via, { host: address ?? hostname, port }, options, signal);
  signal.addEventListener('abort', () => wire.destroy(), { once: true });
  return { wire, remoteAddress: address ?? '' };
}

/**
 * Shakes hands, a second time over a new connection where the missing part of the certificate's
 * chain was found.
 */
async function secure(
  wire: Socket,
  way: Way,
  options: ConnectOptions,
): Promise<Pick<OpenSocket, 'socket' | 'wire'>> {
  const { hostname, skipTlsVerification, via } = way.target;
  const { secureContext, issuers } = options;
  const facts = { hostname, skipVerification: skipTlsVerification };
  try {
    return { socket: await handshake(wire, { ...facts, secureContext }), wire };
  } catch (error) {
    if (!(error instanceof IncompleteChainError) || issuers === null) throw error;
    const completed = await issuers.contextFor(error.certificate, via, way.signal);
    if (completed === null) throw error;
    const again = await dial(way, options);
    const socket = await handshake(again.wire, { ...facts, secureContext: completed });
    return { socket, wire: again.wire };
  }
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
