import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../../support/net/listen.ts';

/**
 * How the network behaves: bytes pass; nothing passes, and what was sent arrives later (`black
 * hole`); connections are reset and new ones too; every chunk is late; or the other end of what was
 * open is gone and never says so (`half-open`), while new connections hang.
 */
export const PARTITIONS = ['black hole', 'reset', 'delay', 'half-open'] as const;
export type Partition = (typeof PARTITIONS)[number];

const DELAY_MS = 300;

interface Pair {
  near: Socket;
  far: Socket;
}

/** A network between a client and a server on this machine that can be broken and healed. */
export class TcpProxy implements AsyncDisposable {
  /** Where connections go; may change at any time. */
  target: number;
  port = 0;
  readonly #host: string;
  readonly #server = createServer({ allowHalfOpen: true }, (near) => void this.#take(near));
  readonly #pairs = new Set<Pair>();
  readonly #sockets = new Set<Socket>();
  #partition: Partition | null = null;
  #healed: Promise<void> = Promise.resolve();
  #heal: () => void = () => {};

  /** Forwards a port of `host` to the port `target` of 127.0.0.1. */
  constructor(target: number, host = '127.0.0.1') {
    this.target = target;
    this.#host = host;
  }

  async start(): Promise<void> {
    this.port = await listen(this.#server, this.#host);
  }

  break(partition: Partition): void {
    this.#partition = partition;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#healed = promise;
    this.#heal = resolve;
    for (const pair of this.#pairs) {
      if (partition === 'reset') [pair.near, pair.far].forEach(reset);
      if (partition === 'half-open') this.#sever(pair);
    }
  }

  heal(): void {
    this.#partition = null;
    this.#heal();
  }

  async #take(near: Socket): Promise<void> {
    this.#watch(near);
    if (this.#partition === 'reset') return reset(near);
    if (this.#partition === 'black hole' || this.#partition === 'half-open') await this.#healed;
    if (near.destroyed) return;
    const pair = { near, far: connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true }) };
    this.#watch(pair.far).on('error', () => reset(near));
    this.#pairs.add(pair);
    this.#carry(pair, pair.near, pair.far);
    this.#carry(pair, pair.far, pair.near);
  }

  #carry(pair: Pair, from: Socket, to: Socket): void {
    let arriving: Promise<void> = Promise.resolve();
    const later = (deliver: () => void) => {
      arriving = arriving.then(async () => {
        if (this.#partition === 'delay') await sleep(DELAY_MS);
        while (this.#partition === 'black hole') await this.#healed;
        if (this.#pairs.has(pair)) deliver();
      });
    };
    from.on('data', (chunk) => later(() => void to.write(chunk)));
    from.on('end', () => later(() => void to.end()));
    from.on('close', () => {
      later(() => {
        this.#pairs.delete(pair);
        to.destroy();
      });
    });
  }

  /** The far end is closed; the near end never learns of it. */
  #sever(pair: Pair): void {
    this.#pairs.delete(pair);
    pair.far.destroy();
  }

  #watch(socket: Socket): Socket {
    this.#sockets.add(socket);
    // The other end sees an error as a close.
    return socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    this.heal();
    await closed;
  }
}

/**
 * By a reset where that can be had at once. Where bytes or an end are still on their way Node waits
 * for them first, or, hurried, never lets go of the handle: then by a plain close.
 */
function reset(socket: Socket): void {
  if (socket.connecting || socket.writableLength > 0 || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
