import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Attempt } from '../attempt.ts';
import { AddressPolicy, CidrList } from '../connect/address.ts';
import { aborted, checkPeer, permittedAddresses, type AddressRules } from '../connect/permitted.ts';
import { connectTcp } from '../connect/tcp.ts';
import { handshake } from '../connect/tls/handshake.ts';
import { isProxyPort } from '../connect/url-policy.ts';
import { EgressError, type EgressErrorCode } from '../errors.ts';
import { connectByHttp } from './http-connect.ts';
import { brokenProxy, refusedByProxy } from './proxy-error.ts';
import { connectBySocks5 } from './socks5.ts';
import type { Destination, Upstream, Via } from './upstream.ts';

/** What reaching a proxy needs. */
export interface ProxyOptions extends AddressRules {
  secureContext: SecureContext;
}

/**
 * Has a proxy open a connection, and returns the socket that carries it. Rejects with an
 * EgressError: `proxy_failed` with a ProxyError as its cause, `connection_failed` where the proxy
 * says that the site does not answer, `blocked_target` where a caller's proxy is not at a permitted
 * address. Aborting `signal` closes the socket.
 */
export async function openThrough(
  { upstream, timeoutMs }: Via,
  destination: Destination,
  options: ProxyOptions,
  signal: AbortSignal,
): Promise<Socket> {
  using attempt = new Attempt(signal, timeoutMs);
  let socket: Socket | null = null;
  try {
    socket = await reach(upstream, options, attempt.signal);
    const connect = upstream.scheme === 'socks5' ? connectBySocks5 : connectByHttp;
    await connect(socket, destination, upstream.credentials);
    return socket;
  } catch (error) {
    socket?.destroy();
    if (!attempt.late) throw error;
    // A proxy that waits for a site that never answers looks the same.
    throw socket
      ? refusedByProxy('the proxy did not answer in time')
      : brokenProxy('the proxy does not answer');
  }
}

/** A connection to the proxy itself. */
async function reach(
  { scheme, hostname, port, guarded }: Upstream,
  { policy, resolve, secureContext }: ProxyOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const rules = { resolve, policy: guarded ? policy : ANY_ADDRESS };
  if (guarded && !isProxyPort({ scheme, port })) throw new EgressError('blocked_target');
  try {
    const found = permittedAddresses({ hostname, rooted: false }, rules);
    const wire = await connectTcp({ hostname, port }, await Promise.race([found, aborted(signal)]), signal);
    checkPeer(wire, rules.policy);
    if (scheme !== 'https') return wire;
    return await handshake(wire, { hostname, secureContext, skipVerification: false });
  } catch (error) {
    const known = error instanceof EgressError && PASSED_ON.has(error.code);
    throw known ? error : brokenProxy('the proxy cannot be reached', error);
  }
}

const PASSED_ON: ReadonlySet<EgressErrorCode> = new Set(['blocked_target', 'cancelled']);

/** The operator's own proxies may be anywhere. */
const ANY_ADDRESS = new AddressPolicy(new CidrList(['0.0.0.0/0', '::/0']));
