import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { lookup } from 'node:dns/promises';
import { isPublicAddress } from './address.ts';

/** Any port: nothing is sent there. */
const PORT = 9;

/**
 * The address of this machine at which a host of the same private network, or of this machine, sees
 * it. Null where the host is elsewhere, or has no address. Nothing is sent to the host.
 */
export async function ownAddressTowards(hostname: string): Promise<string | null> {
  const socket = createSocket('udp4');
  try {
    const { address } = await lookup(hostname, { family: 4 });
    if (isPublicAddress(address)) return null;
    socket.connect(PORT, address);
    await once(socket, 'connect');
    return socket.address().address;
  } catch {
    return null; // there is no way there by IPv4
  } finally {
    socket.close();
  }
}
