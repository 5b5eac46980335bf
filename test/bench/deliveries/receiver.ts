// A receiver in a process of its own. Answers every POST with 200, except for paths that name
// another behaviour: /hang never answers, /down answers 503, /slow takes 50 ms. Talks to its parent
// by messages: {type: 'stats' | 'reset'}.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const [key, cert] = [readFileSync(process.argv[2]!), readFileSync(process.argv[3]!)];
const SLOW_MS = 50;
let count = 0;
let bytes = 0;
let doubles = 0;
let arrivals: [string, number][] = [];
const seen = new Set<string>();

const server = createServer({ key, cert, keepAlive: true }, (req, res) => {
  const at = performance.timeOrigin + performance.now();
  req.on('data', (chunk: Buffer) => (bytes += chunk.length));
  req.on('end', () => {
    if (req.url === '/hang') return;
    if (req.url === '/down') {
      res.writeHead(503).end('down');
      return;
    }
    count++;
    const id = req.headers['x-ollagraph-delivery'] as string | undefined;
    if (id !== undefined) {
      arrivals.push([id, at]);
      if (seen.has(id)) doubles++;
      seen.add(id);
    }
    if (req.url === '/slow') setTimeout(accept, SLOW_MS, res);
    else accept(res);
  });
});

function accept(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
}

server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () =>
  process.send!({ type: 'listening', port: (server.address() as AddressInfo).port }),
);

process.on('message', (message: { type: string }) => {
  if (message.type === 'reset') {
    count = 0;
    bytes = 0;
    doubles = 0;
    arrivals = [];
    seen.clear();
  }
  process.send!({
    type: 'stats',
    count,
    bytes,
    doubles,
    arrivals: message.type === 'arrivals' ? arrivals : [],
  });
});
process.on('disconnect', () => process.exit(0));
