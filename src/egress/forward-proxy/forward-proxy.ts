import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Network } from '../connect/network.ts';
import { parseUrl, targetOf } from '../connect/url-policy.ts';
import { AddressBusyError, EgressError } from '../errors.ts';
import { createServer } from '../node-http.ts';
import { listenAt, type ListeningPlace } from './listen.ts';
import { authorityOf, PageTraffic, type TrafficLimits } from './page-traffic.ts';
import { relay } from './relay.ts';

/** How long a page waits for one connection. */
const CONNECT_MS = 15_000;
/** Several times what the browsers of a service open. Outside loopback, strangers may try. */
const MAX_CONNECTIONS = 2048;
const ON_LOOPBACK: ListeningPlace = { host: '127.0.0.1', ports: [0, 0] };
const CHALLENGE = 'Basic realm="page"';
const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/**
 * The HTTP proxy through which a browser goes out. Each page has a credential; without
 * one nothing passes. The proxy resolves every name itself, once for each connection, checks the
 * addresses as for any other page, and dials one that it has checked. Connections count at their
 * address for the account whose page it is, and wait there for their turn.
 */
export class ForwardProxy implements AsyncDisposable {
  readonly #network: Network;
  readonly #server: Server;
  readonly #pages = new Map<string, PageTraffic>();
  #url = '';

  private constructor(network: Network) {
    this.#network = network;
    this.#server = createServer((request, response) => void this.#forward(request, response));
    this.#server.on('connect', (request, socket, head) => void this.#tunnel(request, socket, head));
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Starts a proxy that its browser reaches at a host. Rejects where none of the ports is free. */
  static async start(network: Network, at: ListeningPlace = ON_LOOPBACK): Promise<ForwardProxy> {
    const proxy = new ForwardProxy(network);
    proxy.#server.maxConnections = MAX_CONNECTIONS;
    const port = await listenAt(proxy.#server, at);
    proxy.#url = new URL(`http://${isIPv6(at.host) ? `[${at.host}]` : at.host}:${port}`).origin;
    return proxy;
  }

  /** What the browser is told of the proxy, as it names the proxy itself. */
  get url(): string {
    return this.#url;
  }

  /** Admits a page until its traffic is disposed of. */
  admit(limits: TrafficLimits): PageTraffic {
    const traffic: PageTraffic = new PageTraffic(limits, () => this.#pages.delete(credential));
    const credential = `Basic ${btoa(`${traffic.username}:${traffic.password}`)}`;
    this.#pages.set(credential, traffic);
    return traffic;
  }

  /**
   * Checks an address as for a connection, without making one: for a browser elsewhere, which makes
   * its own. Throws EgressError.
   */
  async check(text: string): Promise<void> {
    const url = this.#permitted(text);
    this.#network.check(url);
    await this.#network.checkHost(targetOf(url));
  }

  /** CONNECT: TLS, WebSockets, and whatever else a browser speaks to a host. */
  async #tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy());
    const page = this.#pageOf(request);
    if (!page) {
      client.end(`HTTP/1.1 407 Who\r\nProxy-Authenticate: ${CHALLENGE}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    try {
      const url = this.#permitted(`https://${request.url}`);
      const wire = await this.#open(page, url);
      tie(wire, client, page);
      client.write(ESTABLISHED);
      if (head.length > 0) wire.write(head);
      wire.on('data', (chunk: Buffer) => page.countBytes(chunk.length));
      wire.pipe(client);
      client.pipe(wire);
    } catch {
      client.end('HTTP/1.1 502 Unreachable\r\nContent-Length: 0\r\n\r\n');
    }
  }

  /** The absolute form: a request for plain HTTP. */
  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const page = this.#pageOf(request);
    if (!page) {
      response.writeHead(407, { 'proxy-authenticate': CHALLENGE }).end();
      return;
    }
    try {
      const url = this.#permitted(request.url ?? '');
      const wire = await this.#open(page, url);
      tie(wire, response, page);
      await relay({ request, response }, url.pathname + url.search, wire, (bytes) => page.countBytes(bytes));
    } catch {
      // Not an answer of ours: the browser would show it as the page.
      request.socket.destroy();
    }
  }

  #pageOf(request: IncomingMessage): PageTraffic | undefined {
    return this.#pages.get(request.headers['proxy-authorization'] ?? '');
  }

  #permitted(text: string): URL {
    const url = parseUrl(text);
    if (url === null) throw new EgressError('blocked_target');
    return url;
  }

  async #open(page: PageTraffic, url: URL): Promise<Socket> {
    const limits = AbortSignal.any([page.signal, AbortSignal.timeout(CONNECT_MS)]);
    try {
      page.countRequest(url.hostname);
      this.#network.check(url);
      return await this.#openInTurn(page, url, limits);
    } catch (error) {
      const late = limits.aborted && !page.signal.aborted;
      const known =
        error instanceof EgressError ? error : new EgressError('connection_failed', { cause: error });
      page.recordFailure(authorityOf(url), late ? new EgressError('timeout') : known);
      throw error;
    }
  }

  /** Waits where the address has had enough connections lately. */
  async #openInTurn({ via, payer }: PageTraffic, url: URL, signal: AbortSignal): Promise<Socket> {
    const wire = { target: targetOf(url, { via }), payer };
    for (;;) {
      try {
        return await this.#network.openWire(wire, signal);
      } catch (error) {
        if (!(error instanceof AddressBusyError)) throw error;
        await sleep(error.seconds * 1000, undefined, { signal });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const page of this.#pages.values()) page[Symbol.dispose]();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Ends both sides when one of them ends, or the page does. */
function tie(wire: Socket, client: Duplex | ServerResponse, page: PageTraffic): void {
  const cut = () => {
    wire.destroy();
    client.destroy();
  };
  page.signal.addEventListener('abort', cut, { once: true });
  wire.on('error', cut);
  client.once('close', () => wire.destroy());
  wire.once('close', () => page.signal.removeEventListener('abort', cut));
}
