import assert from 'node:assert/strict';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Server } from 'node:net';

/** Listeners that nothing may reach. */
export interface Canaries extends AsyncDisposable {
  /** The port of all canaries and of the site. */
  port: number;
  /** Every connection so far, by the local address and port. */
  connections: string[];
}

const TRIES = 10;

/**
 * Serves `answer` on a port of the `open` addresses, and puts canaries on the same port of the
 * `guarded` ones, and on the `ports` of the first open address.
 */
export async function startCanaries(
  answer: RequestListener,
  { open, guarded, ports }: { open: string[]; guarded: string[]; ports: number[] },
): Promise<Canaries> {
  for (let attempt = 1; ; attempt++) {
    const servers: Server[] = [];
    const connections: string[] = [];
    const close = async () => {
      for (const server of servers) {
        if ('closeAllConnections' in server)
          (server as ReturnType<typeof createHttpServer>).closeAllConnections();
        await new Promise((closed) => server.close(closed));
      }
    };
    const listen = async (server: Server, host: string, port: number) => {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, resolve);
      });
      servers.push(server);
      return server.address();
    };
    const canary = (host: string, port: number) => {
      const server = createServer((socket) => {
        connections.push(`${host} ${port}`);
        socket.on('error', () => {}).destroy();
      });
      return listen(server, host, port);
    };
    try {
      const [first = '', ...others] = open;
      const address = await listen(createHttpServer(answer), first, 0);
      assert.ok(address !== null && typeof address === 'object');
      const { port } = address;
      for (const host of others) await listen(createHttpServer(answer), host, port);
      for (const host of guarded) await canary(host, port);
      for (const other of ports) await canary(first, other);
      return { port, connections, [Symbol.asyncDispose]: close };
    } catch (error) {
      // Another program has the port on one of the addresses.
      await close();
      if (attempt === TRIES || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}
