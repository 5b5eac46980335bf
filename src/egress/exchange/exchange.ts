import type { ConnectionPool, Waiter } from '../connect/pool.ts';
import type { Target } from '../connect/url-policy.ts';
import { EgressError, transportError, type Timings } from '../errors.ts';
import type { Connection, ConnectionUser } from '../http1/connection.ts';
import type { ResponseHead } from '../http1/head.ts';
import type { AwaitedSide } from '../http1/send-body.ts';
import { AnswerBody, type BodyFlow } from './answer-body.ts';
import { keyOf } from '../upstream/upstream.ts';
import { Countdown } from './countdown.ts';
import type { Answer, BodyExpectation, ExchangeRequest } from './types.ts';

const MAX_INFORMATIONAL = 16;
const NO_BYTES = Buffer.alloc(0);

/**
 * Sends one request over a connection of the pool. A reused connection that closes before a byte of
 * the answer is replaced (RFC 9112, section 9.3.1): pages are only read, and receivers of callbacks
 * know a repetition by its id. Rejects with an EgressError, or with what `expect` or `probe` threw.
 */
export function exchange(pool: ConnectionPool, request: ExchangeRequest): Promise<Answer> {
  return new Promise((resolve, reject) => new Exchange(pool, request, { resolve, reject }).start());
}

interface Outcome {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

class Exchange implements Waiter, ConnectionUser, BodyFlow {
  readonly target: Target;
  readonly key: string;
  readonly payer: string | null;
  readonly timings: Timings = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null, totalMs: null };

  readonly #pool: ConnectionPool;
  readonly #request: ExchangeRequest;
  readonly #outcome: Outcome;
  readonly #startedAt = performance.now();
  readonly #countdown = new Countdown(() => this.#expire());
  readonly #onAbort = () => this.#fail(new EgressError('cancelled', { cause: this.#request.signal?.reason }));
  #connection: Connection | null = null;
  #settled = false;
  /** What the body of the request waits for, while it is sent. */
  #awaited: AwaitedSide | null = null;
  #bytesSent = 0;
  #informational = 0;
  #head: ResponseHead | null = null;
  #expectation: BodyExpectation | null = null;
  #body: AnswerBody | null = null;

  constructor(pool: ConnectionPool, request: ExchangeRequest, outcome: Outcome) {
    this.target = request.target;
    this.payer = request.payer ?? null;
    const { origin, skipTlsVerification, via } = request.target;
    const way = `${skipTlsVerification ? ' unverified' : ''}${via ? keyOf(via.upstream) : ''}`;
    this.key = `${origin}${way}${request.credentialKey}`;
    this.#pool = pool;
    this.#request = request;
    this.#outcome = outcome;
  }

  start(): void {
    const { signal, timeoutMs } = this.#request;
    if (signal?.aborted === true) return this.#onAbort();
    signal?.addEventListener('abort', this.#onAbort);
    this.#countdown.start(timeoutMs);
    this.#pool.acquire(this);
  }

  granted(connection: Connection): void {
    if (this.#settled) return this.#pool.release(connection);
    this.#connection = connection;
    this.#bytesSent = 0;
    const { target, path, method, headers, body, maxWireBytes } = this.#request;
    try {
      this.#request.admit?.(connection.remoteAddress);
      connection.send({ method, path, host: target.authority, headers, body }, this, maxWireBytes);
    } catch (error) {
      this.#connection = null;
      this.#pool.release(connection);
      this.#fail(error);
    }
  }

  refused(error: unknown): void {
    this.#fail(error);
  }

  onAwait(side: AwaitedSide): void {
    this.#awaited = side;
    if (!this.#settled && this.#request.idleTimeoutMs !== undefined)
      this.#countdown.start(this.#request.idleTimeoutMs);
  }

  onBytesSent(bytes: number): void {
    this.#bytesSent += bytes;
  }

  onBodySent(): void {
    this.#awaited = null;
    if (!this.#settled && this.#request.idleTimeoutMs !== undefined)
      this.#countdown.start(this.#request.timeoutMs);
  }

  onBytes(): void {
    this.timings.firstByteMs ??= performance.now() - this.#startedAt;
  }

  onHead(head: ResponseHead): void {
    if (this.#settled) return;
    if (head.status === 101) return this.#invalid('an upgrade that nobody asked for');
    if (head.status < 200) {
      if (++this.#informational > MAX_INFORMATIONAL) this.#invalid('too many informational answers');
      return;
    }
    this.#head = head;
    try {
      this.#expectation = this.#request.expect(head.status, head.fields);
    } catch (error) {
      return this.#fail(error);
    }
    const { patienceMs } = this.#expectation;
    if (patienceMs !== undefined) this.#countdown.shorten(patienceMs);
    const { memory } = this.#request;
    const namedBytes = typeof head.length === 'number' ? head.length : 0;
    this.#body = new AnswerBody(this.#expectation, this, { memory, namedBytes });
    if (this.#expectation.pipe)
      this.#expectation.pipe.onClose = () => {
        if (!this.#settled) this.#cut({ truncated: false });
      };
  }

  onData(bytes: Buffer): void {
    if (this.#settled || this.#body === null) return;
    try {
      if (!this.#body.take(bytes)) this.#end(new EgressError('too_large'));
    } catch (error) {
      this.#fail(error);
    }
  }

  onEnd(): void {
    if (this.#settled) return;
    try {
      this.#body?.end();
    } catch (error) {
      return this.#fail(error);
    }
    this.#settle();
    this.#pool.release(this.#connection!);
    this.#outcome.resolve(this.#answer({ truncated: false }));
  }

  onClosed(cause: Error): void {
    if (this.#settled) return;
    if (this.#connection!.reused && this.timings.firstByteMs === null && !(cause instanceof EgressError)) {
      this.#connection = null;
      this.#awaited = null;
      return this.#pool.acquire(this);
    }
    const error = transportError(cause, this.#head !== null);
    const partial = this.#body !== null && this.#body.length > 0 && !this.#expectation?.pipe;
    if (partial && (error.code === 'connection_failed' || error.code === 'invalid_response')) {
      try {
        this.#body!.end();
      } catch (refusal) {
        return this.#fail(refusal);
      }
      return this.#cut({ truncated: true });
    }
    this.#end(error);
  }

  pause(): void {
    this.#connection?.pause();
  }

  resume(): void {
    if (!this.#settled) this.#connection?.resume();
  }

  wait(room: Promise<void>): void {
    this.pause();
    this.#countdown.halt();
    void room.then(
      () => {
        if (this.#settled) return;
        this.#countdown.goOn();
        this.resume();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  /** The time is over, for the exchange or for a chunk of its body. */
  #expire(): void {
    const stalled = this.#awaited === 'source' && this.#request.idleTimeoutMs !== undefined;
    if (stalled) this.#fail(new EgressError('body_failed', { cause: new Error('the body stalled') }));
    else this.#end(new EgressError('timeout'));
  }

  /** The body ends early: an error where it is required, else the answer is what came. */
  #end(error: EgressError): void {
    if (!this.#expectation || this.#expectation.required) this.#fail(error);
    else this.#cut({ truncated: true });
  }

  /** Answers with what came, and drops the connection. */
  #cut(state: { truncated: boolean }): void {
    this.#settle();
    this.#outcome.resolve(this.#answer(state));
    this.#connection?.destroy(new Error('the rest of the answer is not wanted'));
  }

  #fail(error: unknown): void {
    if (this.#settled) return;
    this.#settle();
    if (error instanceof EgressError) Object.assign(error, this.#facts());
    this.#expectation?.pipe?.close();
    this.#outcome.reject(error);
    if (this.#connection) this.#connection.destroy(new Error('the exchange failed', { cause: error }));
    else this.#pool.abandon(this);
  }

  #invalid(reason: string): void {
    this.#fail(new EgressError('invalid_response', { cause: new Error(reason) }));
  }

  #settle(): void {
    this.#settled = true;
    this.#countdown.stop();
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.timings.totalMs = performance.now() - this.#startedAt;
  }

  #facts(): Pick<Answer, 'timings' | 'remoteAddress' | 'bytesSent'> {
    return {
      timings: this.timings,
      remoteAddress: this.#connection?.remoteAddress ?? null,
      bytesSent: this.#bytesSent,
    };
  }

  #answer({ truncated }: { truncated: boolean }): Answer {
    const { status, fields } = this.#head!;
    return { status, fields, body: this.#body?.finish() ?? NO_BYTES, truncated, ...this.#facts() };
  }
}
