import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ledger } from '../checks/ledger.ts';

const PATIENCE_MS = 90_000;
const REQUEST_LIMIT_MS = 30_000;

export interface Body extends Record<string, unknown> {
  webhook_url?: string;
}

export interface ClientAnswer {
  status: number;
  /** The body as it came. */
  text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever was asked for
  json: any;
}

/**
 * A client as the documentation advises: it sends an Idempotency-Key, repeats what got no answer,
 * and records each acknowledgement before it goes on. Every request has its own connection, as from
 * a router.
 */
export class Client {
  /** Where requests go. May change at any time. */
  host = '127.0.0.1';
  port: number;
  /** Requests that were accepted and then broke off, or were answered with a 5xx. */
  failures: string[] = [];
  readonly #key: string;
  readonly #ledger: Ledger;

  constructor(port: number, key: string, ledger: Ledger) {
    this.port = port;
    this.#key = key;
    this.#ledger = ledger;
  }

  /** Creates a job, repeating the request as needed, and returns its id. */
  async create(path: string, body: Body, key: string): Promise<string> {
    const { json } = await this.insist('POST', path, body, { 'idempotency-key': key });
    const { job_id } = json;
    this.#ledger.appendDurably({
      type: 'acknowledged',
      job_id,
      key,
      webhook: body.webhook_url !== undefined,
      at: Date.now(),
    });
    return job_id;
  }

  /** Scrapes pages synchronously, repeating the request as needed. */
  async scrapeNow(path: string, body: Body, key: string): Promise<void> {
    const { status, text } = await this.insist('POST', path, body, { 'idempotency-key': key });
    // Of the page block; the answer ends with a newline of its own.
    const sha256 = createHash('sha256').update(text.trimEnd()).digest('hex');
    this.#ledger.appendDurably({ type: 'answered', key, status, sha256, at: Date.now() });
  }

  /** Repeats a request until the answer is no 5xx, 409 or 429. */
  async insist(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<ClientAnswer> {
    for (const end = performance.now() + PATIENCE_MS; ; await sleep(100)) {
      const answer = await this.once(method, path, body, headers);
      if (answer && answer.status < 500 && answer.status !== 409 && answer.status !== 429) return answer;
      if (performance.now() > end)
        throw new Error(`${method} ${path} is answered by ${answer?.status ?? 'nobody'}`);
    }
  }

  /** Sends one request. Returns null when no answer came. */
  async once(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<ClientAnswer | null> {
    const { promise, resolve } = Promise.withResolvers<ClientAnswer | null>();
    let connected = false;
    const failed = (what: string) => {
      if (connected) this.#note(`${method} ${path}`, what);
      resolve(null);
    };
    const req = request({
      port: this.port,
      host: this.host,
      method,
      path,
      agent: false,
      timeout: REQUEST_LIMIT_MS,
      headers: { authorization: `Bearer ${this.#key}`, ...headers },
    });
    req.on('socket', (socket) => socket.once('connect', () => (connected = true)));
    req.on('timeout', () => req.destroy(new Error('timeout')));
    req.on('error', (error) => failed((error as NodeJS.ErrnoException).code ?? error.message));
    req.on('response', (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('error', (error) => failed(error.message));
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const status = res.statusCode ?? 0;
        if (status >= 500) this.#note(`${method} ${path}`, `${status}`);
        resolve({ status, text, json: text === '' ? null : JSON.parse(text) });
      });
    });
    req.end(body === undefined ? undefined : JSON.stringify(body));
    return await promise;
  }

  #note(what: string, answer: string): void {
    this.failures.push(`${what}: ${answer}`);
    this.#ledger.append({ type: 'refused', what, answer, at: Date.now() });
  }
}
