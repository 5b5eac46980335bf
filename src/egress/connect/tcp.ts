import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { EgressError } from '../errors.ts';

/** How long to try one address of a host before the next; the last one has until the deadline. */
const ATTEMPT_MS = 500;

/**
 * Connects to the first of these addresses that answers. Rejects with an EgressError. Aborting
 * `signal` closes the socket, now or later.
 */
export async function connectTcp(
  { hostname, port }: { hostname: string; port: number },
  addresses: string[],
  signal: AbortSignal,
): Promise<Socket> {
  if (signal.aborted) throw new EgressError('cancelled');
  const socket = connect({
    host: hostname,
    port,
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
