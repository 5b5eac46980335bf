import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where a browser reaches a server, and the first and the last port that may be taken; 0: any. */
export interface ListeningPlace {
  host: string;
  ports: readonly [first: number, last: number];
}

/** A host that is not this machine's own: others translate it, as for a container. */
const NOT_OURS = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * Listens on the first free port, at the address of the host where that is this machine's, else at
 * all of its addresses. Returns the port.
 */
export async function listenAt(
  server: Server,
  { host, ports: [first, last] }: ListeningPlace,
): Promise<number> {
  for (let port = first, at: string | undefined = host; ;) {
    try {
      server.listen(port, at);
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (at !== undefined && NOT_OURS.has(code)) at = undefined;
      else if (code === 'EADDRINUSE' && port < last) port++;
      else throw error;
    }
  }
}
