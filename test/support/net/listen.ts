import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:net';

const used = new Set<number>();

/**
 * Listens on a free port of the address, and returns it. No port comes twice in a process: a
 * service remembers hosts, such as their robots.txt and their failures.
 */
export async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  for (;;) {
    server.listen(0, host);
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    if (!used.has(address.port)) {
      used.add(address.port);
      return address.port;
    }
    await new Promise((closed) => server.close(closed));
  }
}
