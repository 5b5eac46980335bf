import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from './certificates.ts';
import { listen } from './listen.ts';

/** The address that proxies connect from, so that an origin can tell them from the service. */
export const PROXY_ADDRESS = '127.0.0.2';

export interface TestProxy extends AsyncDisposable {
  port: number;
  /** `host:port` of each connection that it was asked for. */
  asked: string[];
  /** Connections accepted so far. */
  connections: number;
}

export interface ProxyOptions {
  credentials?: { username: string; password: string };
  /** Speaks TLS. */
  certificate?: Certificate;
  /** The addresses of names that it resolves. */
  names?: Record<string, string>;
  /** What it answers in place of a connection. */
  refusal?: () => string | Buffer | null;
  /** The most bytes of an answer that it sends at once. */
  pieces?: number;
}

type Serve = (socket: Socket, proxy: TestProxy, options: ProxyOptions) => void;

/** A proxy that takes CONNECT. */
export async function startHttpProxy(options: ProxyOptions = {}): Promise<TestProxy> {
  return await start(serveConnect, options);
}

/** A SOCKS5 proxy. */
export async function startSocksProxy(options: ProxyOptions = {}): Promise<TestProxy> {
  return await start(serveSocks, options);
}

/** A proxy that never answers. */
export async function startHangingProxy(): Promise<TestProxy> {
  return await start((socket) => void socket.resume(), {});
}

async function start(serve: Serve, options: ProxyOptions): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  const accept = (socket: Socket) => {
    proxy.connections++;
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    serve(socket, proxy, options);
  };
  const server: Server = options.certificate
    ? createTlsServer(options.certificate, accept).on('tlsClientError', () => {})
    : createServer(accept);
  const proxy: TestProxy = {
    port: await listen(server),
    asked: [],
    connections: 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
  return proxy;
}

function serveConnect(
  client: Socket,
  proxy: TestProxy,
  { credentials, names = {}, refusal }: ProxyOptions,
): void {
  const pair = credentials && `${credentials.username}:${credentials.password}`;
  const wanted = pair && `Proxy-Authorization: Basic ${Buffer.from(pair).toString('base64')}`;
  let head = '';
  client.on('data', function read(chunk: Buffer) {
    head += chunk.toString('latin1');
    if (!head.endsWith('\r\n\r\n')) return;
    client.off('data', read);
    const authority = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head)?.[1] ?? '';
    if (wanted && !head.includes(`\r\n${wanted}\r\n`)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    proxy.asked.push(authority);
    const refused = refusal?.() ?? null;
    if (refused !== null) {
      client.end(refused);
      return;
    }
    const { hostname, port } = new URL(`http://${authority}/`);
    const host = names[hostname] ?? hostname.replace(/^\[|\]$/g, '');
    relay(client, { host, port: Number(port || 80) }, (reached) =>
      reached ? 'HTTP/1.1 200 OK\r\nVia: 1.1 test\r\n\r\n' : 'HTTP/1.1 502 Bad Gateway\r\n\r\n',
    );
  });
}

function serveSocks(
  client: Socket,
  proxy: TestProxy,
  { credentials, names = {}, refusal, pieces = Infinity }: ProxyOptions,
): void {
  const say = (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; at += pieces) client.write(bytes.subarray(at, at + pieces));
  };
  const steps: ((bytes: Buffer) => number)[] = [
    (bytes) => {
      const length = 2 + (bytes[1] ?? Infinity);
      if (bytes.length < length) return 0;
      const method = credentials ? 2 : 0;
      say(Buffer.from([5, bytes.subarray(2, length).includes(method) ? method : 255]));
      return length;
    },
    (bytes) => {
      const nameLength = bytes[1] ?? 0;
      const length = 3 + nameLength + (bytes[2 + nameLength] ?? Infinity);
      if (bytes.length < length) return 0;
      const [name, password] = [bytes.subarray(2, 2 + nameLength), bytes.subarray(3 + nameLength, length)];
      const right = String(name) === credentials?.username && String(password) === credentials.password;
      say(Buffer.from([1, right ? 0 : 1]));
      return length;
    },
    (bytes) => {
      const destination = socksDestination(bytes);
      if (destination === null) return 0;
      const { host, port, length } = destination;
      proxy.asked.push(`${isIPv6(host) ? `[${host}]` : host}:${port}`);
      const refused = refusal?.() ?? null;
      if (refused !== null) client.end(refused);
      else
        relay(client, { host: names[host] ?? host, port }, (ok) =>
          Buffer.from([5, ok ? 0 : 5, 0, 1, 127, 0, 0, 2, 4, 0]),
        );
      return length;
    },
  ];
  if (!credentials) steps.splice(1, 1);
  let pending: Buffer = Buffer.alloc(0);
  client.on('data', function read(chunk: Buffer) {
    pending = Buffer.concat([pending, chunk]);
    for (let step = steps[0]; step && pending.length > 0; step = steps[0]) {
      const used = step(pending);
      if (used === 0) return;
      pending = pending.subarray(used);
      steps.shift();
    }
    if (steps.length === 0) client.off('data', read);
  });
}

function socksDestination(bytes: Buffer): { host: string; port: number; length: number } | null {
  if (bytes.length < 7) return null;
  const size = { 1: 4, 3: 1 + bytes[4]!, 4: 16 }[bytes[3]!]!;
  const length = 6 + size;
  if (bytes.length < length) return null;
  const address = bytes.subarray(4, 4 + size);
  const host =
    bytes[3] === 3
      ? address.toString('latin1', 1)
      : bytes[3] === 1
        ? [...address].join('.')
        : new URL(`http://[${address.toString('hex').match(/.{4}/g)!.join(':')}]`).hostname.slice(1, -1);
  return { host, port: bytes.readUInt16BE(4 + size), length };
}

/** Connects the client with where it wants to go, and answers first. */
function relay(
  client: Socket,
  { host, port }: { host: string; port: number },
  answer: (reached: boolean) => string | Buffer,
): void {
  client.pause();
  const site = connect({ host, port, ...(isIPv6(host) ? {} : { localAddress: PROXY_ADDRESS }) });
  site.once('connect', () => {
    client.write(answer(true));
    client.pipe(site);
    site.pipe(client);
  });
  site.on('error', () => {
    if (site.pending) client.end(answer(false));
    else client.destroy();
  });
  client.on('close', () => site.destroy());
}
