import type { Dispatcher } from 'undici';
import { untraced } from '../tracing.ts';
import { BodyCollector, type BodyMemory } from './body/memory.ts';
import type { BodyPipe } from './body/pipe.ts';
import type { Connection } from './connect/connection.ts';
import { EgressError, transportError, type Timings } from './errors.ts';
import type { ConnectionPool, Waiter } from './connect/pool.ts';
import { produce, type AwaitedSide, type StreamedBody } from './body/streamed.ts';
import type { Target } from './connect/url-policy.ts';

type ResponseHeaders = Record<string, string | string[] | undefined>;

export interface ExchangeRequest {
  target: Target;
  /** Path and query. */
  path: string;
  method: 'GET' | 'POST';
  /** Names and values in turn. */
  headers: string[];
  /** Connections are shared only with requests of the same origin and the same value of this. */
  credentialKey: string;
  body: Buffer | StreamedBody | null;
  /** From now to the end of the answer. */
  timeoutMs: number;
  /** For a streamed body: the time for each chunk to be made or taken; `timeoutMs` starts anew after the last one. */
  idleTimeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Where an answer that is large waits for room; meanwhile no time passes. */
  memory?: BodyMemory | undefined;
  /** Bytes on the wire that the answer may take, framing and informational answers included. */
  maxWireBytes: number;
  /** Called with the head of the answer; what it throws is what the exchange fails with. */
  expect(status: number, headers: ResponseHeaders): BodyExpectation;
}

/** How much of an answer's body is wanted. */
export interface BodyExpectation {
  maxBytes: number;
  /** Whether a body that is longer, cut short or late fails the exchange; otherwise what came of it is the answer. */
  required: boolean;
  /** Where the body goes while it arrives, however long, in place of the answer; the exchange ends when this is closed. */
  pipe?: BodyPipe;
}

export interface Answer {
  status: number;
  headers: ResponseHeaders;
  /** As sent: no coding undone. */
  body: Buffer;
  timings: Timings;
  remoteAddress: string | null;
  bytesSent: number;
}

const MAX_HEADERS = 100;
const MAX_INFORMATIONAL = 16;

/** Sends one request over a connection of the pool. Rejects with an EgressError, or with what `expect` threw. */
export function exchange(pool: ConnectionPool, request: ExchangeRequest): Promise<Answer> {
  return new Promise((resolve, reject) => new Exchange(pool, request, resolve, reject).start());
}

function onTimer(exchanging: Exchange): void {
  exchanging.expire();
}

class Exchange implements Waiter, Dispatcher.DispatchHandler {
  readonly target: Target;
  readonly key: string;
  readonly timings: Timings = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null, totalMs: null };

  readonly #pool: ConnectionPool;
  readonly #request: ExchangeRequest;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer ends. */
  #until = 0;
  #onAbort: (() => void) | undefined;
  #connection: Connection | null = null;
  #settled = false;
  #sending = false;
  #producing = false;
  #bytesSent = 0;
  #informational = 0;
  #status = 0;
  #headers: ResponseHeaders = {};
  #expectation: BodyExpectation | null = null;
  #body: BodyCollector | null = null;

  constructor(
    pool: ConnectionPool,
    request: ExchangeRequest,
    resolve: (answer: Answer) => void,
    reject: (error: unknown) => void,
  ) {
    this.target = request.target;
    this.key = request.target.origin + request.credentialKey;
    this.#pool = pool;
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    this.#allow(this.#request.timeoutMs);
    const { signal } = this.#request;
    if (signal) {
      this.#onAbort = () => this.fail(new EgressError('cancelled', { cause: signal.reason }));
      if (signal.aborted) return this.#onAbort();
      signal.addEventListener('abort', this.#onAbort);
    }
    this.#pool.acquire(this);
  }

  granted(connection: Connection): void {
    if (this.#settled) return this.#pool.release(connection);
    this.#connection = connection;
    const { path, method, headers, body, maxWireBytes } = this.#request;
    const sent = body === null || Buffer.isBuffer(body) ? body : produce(body, (side) => this.#await(side));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- undici takes async iterables, its types do not say so
    untraced(() =>
      connection.send({ path, method, headers, body: sent as Buffer | null }, this, maxWireBytes),
    );
  }

  refused(error: unknown): void {
    this.fail(error);
  }

  /** The time is over, for the exchange or for a chunk of its body. */
  expire(): void {
    const stalled = this.#producing && this.#request.idleTimeoutMs !== undefined;
    if (stalled) this.fail(new EgressError('body_failed', { cause: new Error('the body stalled') }));
    else this.#cut(new EgressError('timeout'));
  }

  /** Ends the exchange at once, whatever state it is in. */
  fail(error: unknown): void {
    if (this.#settled) return;
    this.#settle();
    if (error instanceof EgressError) Object.assign(error, this.#facts());
    this.#expectation?.pipe?.close();
    this.#reject(error);
    if (this.#connection) this.#connection.destroy(new Error('exchange failed', { cause: error }));
    else this.#pool.abandon(this);
  }

  onRequestStart(): void {
    this.#sending = true;
  }

  onBodySent(chunk: Buffer): void {
    this.#bytesSent += chunk.length;
  }

  onRequestSent(): void {
    this.#producing = false;
    if (this.#request.idleTimeoutMs !== undefined) this.#allow(this.#request.timeoutMs);
  }

  onResponseStarted(): void {
    this.timings.firstByteMs ??= performance.now() - this.#startedAt;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: ResponseHeaders): void {
    if (this.#settled) return;
    const { rawHeaders } = controller;
    if (status < 100 || status > 599) return this.#invalid(`status ${status}`);
    if (Array.isArray(rawHeaders) && rawHeaders.length / 2 > MAX_HEADERS)
      return this.#invalid('too many headers');
    if (status < 200) {
      if (++this.#informational > MAX_INFORMATIONAL) this.#invalid('too many informational answers');
      return;
    }
    try {
      this.#expectation = this.#request.expect(status, headers);
    } catch (error) {
      return this.fail(error);
    }
    this.#status = status;
    this.#headers = headers;
    if (this.#expectation.pipe)
      this.#expectation.pipe.onClose = () => {
        if (!this.#settled) this.#end();
      };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled || !this.#expectation) return;
    const { maxBytes, pipe } = this.#expectation;
    if (pipe) return this.#handOn(controller, chunk, pipe);
    const { memory } = this.#request;
    this.#body ??= new BodyCollector({
      maxBytes,
      memory,
      namedBytes: Number(this.#headers['content-length'] ?? 0),
    });
    if (!this.#body.append(chunk)) return this.#cut(new EgressError('too_large'));
    const room = this.#body.room();
    if (room) this.#awaitRoom(controller, room);
  }

  #handOn(controller: Dispatcher.DispatchController, chunk: Buffer, pipe: BodyPipe): void {
    if (pipe.write(chunk)) return;
    controller.pause();
    pipe.onDrain = () => {
      if (!this.#settled) controller.resume();
    };
  }

  /** Reads on when there is room for the rest of the body. */
  #awaitRoom(controller: Dispatcher.DispatchController, room: Promise<void>): void {
    const left = Math.max(0, this.#until - performance.now());
    clearTimeout(this.#timer);
    controller.pause();
    void room.then(
      () => {
        if (this.#settled) return;
        this.#allow(left);
        controller.resume();
      },
      (error: unknown) => this.fail(error),
    );
  }

  // undici closes a connection that cannot be reused right after this call: a microtask later that shows.
  onResponseEnd(): void {
    if (this.#settled) return;
    this.#settle();
    this.#expectation?.pipe?.end();
    queueMicrotask(() => {
      this.#pool.release(this.#connection!);
      this.#resolve(this.#answer());
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#settled) return;
    if (this.#mayResend()) {
      this.#connection = null;
      this.#sending = false;
      return this.#pool.acquire(this);
    }
    this.#cut(transportError(error, this.#expectation !== null));
  }

  /** The body ends early: an error where it is required, else the answer is what came. */
  #cut(error: EgressError): void {
    if (!this.#expectation || this.#expectation.required) return this.fail(error);
    this.#end();
  }

  #end(): void {
    this.#settle();
    this.#resolve(this.#answer());
    this.#connection?.destroy(new Error('answer cut short'));
  }

  #invalid(reason: string): void {
    this.fail(new EgressError('invalid_response', { cause: new Error(reason) }));
  }

  // A server may close an idle connection at any moment (RFC 9112, section 9.3.1). Whatever was not sent yet, and a GET
  // of which nothing was answered, goes to another connection. Those are fewer each time, and a fresh one ends it.
  #mayResend(): boolean {
    if (!this.#connection?.reused || !this.#connection.closed || this.timings.firstByteMs !== null)
      return false;
    return !this.#sending || this.#request.method === 'GET';
  }

  #await(side: AwaitedSide): void {
    this.#producing = side === 'source';
    if (this.#request.idleTimeoutMs !== undefined) this.#allow(this.#request.idleTimeoutMs);
  }

  #allow(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#until = performance.now() + milliseconds;
    if (!this.#settled) this.#timer = setTimeout(onTimer, milliseconds, this);
  }

  #settle(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    if (this.#onAbort) this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.timings.totalMs = performance.now() - this.#startedAt;
  }

  #facts(): Pick<Answer, 'timings' | 'remoteAddress' | 'bytesSent'> {
    return {
      timings: this.timings,
      remoteAddress: this.#connection?.remoteAddress ?? null,
      bytesSent: this.#bytesSent,
    };
  }

  #answer(): Answer {
    const body = this.#body?.bytes() ?? NO_BYTES;
    return { status: this.#status, headers: this.#headers, body, ...this.#facts() };
  }
}

const NO_BYTES = Buffer.alloc(0);
